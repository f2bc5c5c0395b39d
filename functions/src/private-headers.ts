/** For whatever is about one user: kept by nobody, taken for nothing but what it says it is. */
export const privateHeaders = {
  'cache-control': 'private, no-store',
  'x-content-type-options': 'nosniff',
} as const;
