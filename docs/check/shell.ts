import { existsSync, readdirSync, readFileSync } from "node:fs";
import { ROOT } from "./pages.js";

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly bin?: string | Readonly<Record<string, string>>;
}

const root = manifestOf("");
const packages = [
  manifestOf("test-server/"),
  ...readdirSync(`${ROOT}packages`).map((name) => manifestOf(`packages/${name}/`)),
];
const catalog = readFileSync(`${ROOT}pnpm-workspace.yaml`, "utf8");

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(`${ROOT}${folder}package.json`, "utf8"));
}

/** What is wrong with commands: a script, a package, an entry or a file that does not exist, or a command nobody checks. */
export function shellTrouble(text: string): string | undefined {
  const commands = text.replaceAll("\\\n", " ").split("\n");
  return commands.map(commandTrouble).find((trouble) => trouble !== undefined);
}

function commandTrouble(line: string): string | undefined {
  const words = line
    .replace(/(?:^|\s)#.*$/, "")
    .trim()
    .split(/\s+/);
  while (/^[A-Z_]+=/.test(words[0]!)) words.shift();
  const [command, ...rest] = words;
  if (command === undefined || command === "" || command === "export") return undefined;
  if (isOurs(command)) return undefined;
  const check = COMMANDS[command];
  return check === undefined ? `no rule for the command "${command}"` : check(rest);
}

const COMMANDS: Readonly<Record<string, (words: string[]) => string | undefined>> = {
  cd: () => undefined,
  git: () => undefined,
  npm: ([verb = "", ...rest]) => {
    if (verb === "install") return firstTrouble(rest.filter(isNoFlag), packageTrouble);
    return scriptTrouble(verb === "run" ? rest[0]! : verb);
  },
  pnpm: ([verb = "", ...rest]) =>
    verb === "vitest" ? firstTrouble(rest.slice(1), fileTrouble) : scriptTrouble(verb),
  npx: ([name = ""]) =>
    isOurs(name) || packages.some((known) => known.name === name)
      ? undefined
      : `nothing that is published has the command ${name}`,
  node: (words) => {
    const flag = words.indexOf("--import");
    if (flag >= 0) return entryTrouble(words[flag + 1] ?? "");
    return firstTrouble(words.filter(isNoFlag).slice(0, 1), fileTrouble);
  },
};

function isNoFlag(word: string): boolean {
  return !word.startsWith("-");
}

function firstTrouble(
  words: readonly string[],
  check: (word: string) => string | undefined,
): string | undefined {
  return words.map(check).find((trouble) => trouble !== undefined);
}

/** Whether one of our packages brings this command. */
function isOurs(command: string): boolean {
  return packages.some(({ name, bin = {} }) =>
    typeof bin === "string" ? name.endsWith(`/${command}`) : Object.hasOwn(bin, command),
  );
}

function scriptTrouble(name: string): string | undefined {
  return root.scripts?.[name] === undefined ? `package.json has no script ${name}` : undefined;
}

function packageTrouble(name: string): string | undefined {
  const isPublished = packages.some((known) => known.name === name && known.private !== true);
  return isPublished || new RegExp(`^  "?${name}"?:`, "m").test(catalog)
    ? undefined
    : `no package ${name} is known`;
}

function entryTrouble(entry: string): string | undefined {
  const owner = packages.find(({ name }) => entry === name || entry.startsWith(`${name}/`));
  const isEntry = owner?.exports?.[entry.replace(owner.name, ".")] !== undefined;
  return isEntry ? undefined : `${entry} is no entry of any package`;
}

function fileTrouble(path: string): string | undefined {
  return existsSync(ROOT + path) ? undefined : `there is no ${path}`;
}
