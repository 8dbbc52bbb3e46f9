/** A clock and a site for tests of what reads event streams. */

export const frame = (event, data, id) => `event: ${event}\ndata: ${JSON.stringify(data)}\n${id === undefined ? "" : `id: ${id}\n`}\n`;

/** Until all that can happen now has happened. */
export const settle = async () => {
  for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Time that passes only when told to. */
export class Clock {
  now = 1_000_000;
  /** How much the clock on the wall has been moved. */
  skew = 0;
  #timers = new Map();
  #last = 0;

  setTimeout = (callback, milliseconds) => {
    this.#timers.set((this.#last += 1), { callback, at: this.now + milliseconds });
    return this.#last;
  };
  clearTimeout = (timer) => this.#timers.delete(timer);

  async advance(milliseconds) {
    const until = this.now + milliseconds;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.now = Math.max(this.now, due[1].at);
      due[1].callback();
    }
    this.now = until;
  }

  get pending() {
    return this.#timers.size;
  }
}

/** A site that answers as the test says: one `connection` for each request. */
export class Site {
  requests = [];
  isOnline = true;
  #answers = [];
  #clock;

  constructor(clock) {
    this.#clock = clock;
  }

  fetch = (url, init) => {
    const connection = { url, init, position: init.headers?.["Last-Event-ID"], at: this.#clock.now };
    this.requests.push(connection);
    const answer = this.#answers.shift();
    if (answer) return answer();
    const body = new ReadableStream({ start: (controller) => (connection.controller = controller) });
    init.signal.addEventListener("abort", () => {
      connection.isAborted = true;
      try { connection.controller.error(init.signal.reason); } catch { /* closed already */ }
    });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } }));
  };

  /** The next requests are answered so, one after another; after that, by streams. */
  refuse(status, error, headers = {}) {
    this.#answers.push(() => Promise.resolve(Response.json({ error }, { status, headers })));
  }
  answer(body, init) {
    this.#answers.push(() => Promise.resolve(new Response(body, init)));
  }
  fail() {
    this.#answers.push(() => Promise.reject(new TypeError("Failed to fetch")));
  }
  get last() {
    return this.requests.at(-1);
  }
  async send(...frames) {
    for (const text of frames) this.last.controller.enqueue(new TextEncoder().encode(text));
    await settle();
  }
  async close() {
    this.last.controller.close();
    await settle();
  }
  async break() {
    this.last.controller.error(new TypeError("network error"));
    await settle();
  }
}
