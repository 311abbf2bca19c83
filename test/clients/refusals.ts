// Codes that more than one client is refused with.

/** Without a client certificate. In TLS 1.3 the server's alert comes after the handshake: what is written meanwhile can overtake it. */
export const CERTIFICATE_REQUIRED = /^(ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED|ECONNRESET|EPIPE)$/
