/** Whether a process with this id runs, ours or not. */
export function isAlive(pid: number): boolean {
  // 0 and below would name process groups.
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
