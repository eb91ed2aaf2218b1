/** Loaded before everything else in a test process and its worker threads: a connection to anything but this machine is an error. */
import { Socket } from 'node:net';

const connect = Socket.prototype.connect;

/** `connect(port, host)`, `connect(path)`, `connect(options)`, and the array that Node normalises all of them to. */
function connectLocally(this: Socket, ...parameters: unknown[]): Socket {
  const [first, second] = Array.isArray(parameters[0]) ? parameters[0] : parameters;
  const target = typeof first === 'object' && first !== null ? first : { port: first, host: second };
  const { host, port, path } = target as { host?: unknown; port?: unknown; path?: unknown }; // net.connect's documented options
  const local = path !== undefined || isLoopback(host) || (typeof first === 'string' && !/^\d+$/.test(first));
  if (!local) throw new Error(`A test reaches nothing but loopback; this one tried ${String(host)}:${String(port)}`);
  return Reflect.apply(connect, this, parameters);
}

function isLoopback(host: unknown): boolean {
  if (host === undefined || host === null || host === '') return true;
  const name = String(host).replace(/^\[|\]$/g, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

Object.assign(Socket.prototype, { connect: connectLocally });
