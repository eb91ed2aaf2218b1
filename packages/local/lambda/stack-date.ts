/** Makes `Date` of this thread tell stack time, in every form of it. Timers and `performance` stay real. */

/** Milliseconds since the epoch in a worker thread: its own real time plus the clock's offset, one float64 of shared memory. */
export function sharedNow(shared: SharedArrayBuffer): () => number {
  const offsetMs = new Float64Array(shared);
  const realNow = Date.now.bind(Date);
  return () => realNow() + (offsetMs[0] ?? 0);
}

/** Replaces `globalThis.Date`; answers the way back. */
export function installStackDate(nowMs: () => number): () => void {
  const RealDate = Date;
  const now = () => Math.floor(nowMs());
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
  RealDate.prototype.constructor = globalThis.Date;
  return () => {
    globalThis.Date = RealDate;
    RealDate.prototype.constructor = RealDate;
  };
}
