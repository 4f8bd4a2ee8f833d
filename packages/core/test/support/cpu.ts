/** Milliseconds of processor time since some moment: unlike the time of day, it does not pass while others work. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
