import { lstat, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * Lets one folder find the packages that another has installed: a link in place of a second copy of
 * them. Packages of its own, which an `npm install` there made, are left alone.
 * @param {string} from
 * @param {string} to
 */
export async function sharePackages(from, to) {
  const link = join(to, 'node_modules');
  if (await lstat(link).catch(() => undefined)) return;
  // Windows lets everybody make a junction, and takes absolute paths for it only.
  const isWindows = process.platform === 'win32';
  const packages = join(from, 'node_modules');
  await symlink(isWindows ? packages : relative(to, packages), link, 'junction').catch(
    (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}
