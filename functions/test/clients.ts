/**
 * The clients that the deployed suite uses, at its own versions, for the tests of what stands
 * outside `functions/`.
 */
export { SecretManagerServiceClient } from '@google-cloud/secret-manager';
export { Firestore } from 'firebase-admin/firestore';
export { PassThroughClient } from 'google-auth-library';
