/** Makes `Date` of this thread tell stack time: real time plus the offset in the clock's shared memory. Timers and `performance` stay real. */

/** Replaces `globalThis.Date`; answers the way back. `shared` holds one float64: milliseconds to add. */
export function installStackDate(shared: SharedArrayBuffer): () => void {
  const offsetMs = new Float64Array(shared);
  const RealDate = Date;
  const realNow = Date.now.bind(Date);
  const now = () => Math.floor(realNow() + (offsetMs[0] ?? 0));
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
