import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
/** What runs leave behind: logs, generated files. Ignored by git. */
export const scratch = join(root, '.sandbox');
