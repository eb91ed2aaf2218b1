/** What nearly every function loads besides its own code: spare threads load it ahead. It holds no code of ours, which may ask for variables. */
import 'node:crypto';

/** One name stands for all of zod that some entry uses: bundles made together share it as one file. */
export { object } from 'zod';

process.getBuiltinModule('node:http');
