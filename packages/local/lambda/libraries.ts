/** What nearly every function loads besides its own code: spare threads load it ahead. It holds no code of ours, which may ask for variables. */
import 'node:crypto';

export { z } from 'zod';

process.getBuiltinModule('node:http');
