/**
 * The services the clients speak to, as far as a client and the bench look at them: what is answered to a report that
 * is taken, and where a report says what failed.
 *
 * @typedef {{ id?: string, messages: (string | undefined)[], weight?: number }} Report - `id`: by which the service
 *   knows a second copy; `weight`: how many failures it stands for
 * @type {Record<string, { status: number, answer: (id: string) => string, read: (text: string) => Report }>}
 */
export const PROTOCOLS = {
  sentry: { status: 200, answer: (id) => JSON.stringify({ id }), read: readSentry },
  bugsnag: {
    status: 200,
    answer: () => "",
    read: (text) => ({
      messages: JSON.parse(text).events.map((event) => event.exceptions[0].errorMessage),
    }),
  },
  rollbar: {
    status: 200,
    answer: (id) => JSON.stringify({ err: 0, result: { id: null, uuid: id } }),
    read(text) {
      const { trace, trace_chain: chain = [trace] } = JSON.parse(text).data.body;
      return { messages: chain.map((link) => link?.exception.message) };
    },
  },
  honeybadger: {
    status: 201,
    answer: (id) => JSON.stringify({ id }),
    read: (text) => ({ messages: [JSON.parse(text).error.message] }),
  },
  airbrake: {
    status: 201,
    answer: (id) => JSON.stringify({ id, url: `http://127.0.0.1/locate/${id}` }),
    read: (text) => ({ messages: JSON.parse(text).errors.map(({ message }) => message) }),
  },
  raygun: {
    status: 202,
    answer: () => "",
    read: (text) => ({ messages: [JSON.parse(text).details.error.message] }),
  },
};

/** An envelope, or the older bare event. What is no event (sessions, client reports) names no failure. */
function readSentry(text) {
  const lines = text.split("\n");
  const header = lines.findIndex((line) => line.startsWith('{"type":"event"'));
  if (header === -1 && lines.length > 1) return { messages: [] };
  const event = JSON.parse(lines[header + 1]);
  return {
    id: event.event_id,
    messages: exceptionsOf(event).map(({ value }) => value),
    weight: event.contexts?.repeats?.count,
  };
}

function exceptionsOf({ exception = [] }) {
  return Array.isArray(exception) ? exception : (exception.values ?? []);
}
