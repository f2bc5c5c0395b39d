/** As whom requests to the outside come; some servers answer nobody who does not say what he is. */
export const userAgent = 'strongroom/0.1.0';
