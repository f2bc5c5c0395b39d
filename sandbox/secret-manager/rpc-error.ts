// google.rpc.Code names with their HTTP status (google/rpc/code.proto).
const httpStatus = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
} as const;

/** An answer of the API that is not a success: `google.rpc.Status` over REST. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly status: keyof typeof httpStatus;

  constructor(status: keyof typeof httpStatus, message: string) {
    super(message);
    this.status = status;
  }

  get httpStatus(): number {
    return httpStatus[this.status];
  }

  /** The body as Google's REST front end writes it. */
  toJSON(): object {
    return { error: { code: this.httpStatus, message: this.message, status: this.status } };
  }
}
