// What connections can do, row by row.

/** The rows of the table, by group. The id is what tests name. */
export const featureGroups = {
  'Versions and algorithms': {
    'versions': 'minimum and maximum version',
    'suites': 'TLS 1.2 cipher list, DHE among them, TLS 1.3 suites',
    'groups': 'key exchange groups; X25519MLKEM768, X25519, P-256, P-384; HelloRetryRequest',
    'signature-algorithms': 'signature algorithms, of client certificates apart, security level',
    'certificate-types': 'certificates RSA, RSA-PSS, ECDSA P-256, P-384 and P-521, Ed25519, ML-DSA',
    'two-certificates': 'two certificates of different types at one server',
    'raw-public-keys': 'raw public keys (RFC 7250)',
    'psk': 'external pre-shared keys, with a callback',
  },
  'Identity and trust': {
    'names': 'SNI; host names with wildcards, IP addresses, several accepted names',
    'roots': "Mozilla's roots, the platform's, own ones, additions to a default; partial chains",
    'pins': 'pins of public keys (SPKI SHA-256)',
    'crl': 'certificate revocation lists',
    'ocsp': 'stapled OCSP: asked for, checked, required; served; must-staple',
    'verify-callback': 'a verification callback that may take time',
    'client-certificates': 'client certificates: requested, required, verified, names of CAs, chosen when asked',
    'keys': 'keys: PKCS#8, PKCS#1, SEC1, encrypted; PKCS#12; errors of their own',
    'peer-chain': "the peer's chain as objects",
  },
  'Fewer round trips': {
    'sessions': 'sessions: saved as bytes, resumed elsewhere, stores',
    'tickets': 'tickets with rotating keys shared among instances; stateful cache; how many',
    'early-data': '0-RTT: sent, accepted, refused, kept apart, not replayed',
    'alpn': 'ALPN, with a chooser; a mismatch is an alert',
  },
  'Privacy': {
    'ech': 'Encrypted Client Hello: client, retry configs, GREASE; server with keys and rotation',
  },
  'While it is open': {
    'key-update': 'KeyUpdate, both ways',
    'renegotiation': 'renegotiation is refused; servers without RFC 5746, unless allowed',
    'post-handshake-auth': 'post-handshake authentication',
    'exporter': 'exporter, channel bindings',
    'fragments-and-padding': 'maximum fragment length, record padding',
    'key-log': 'key log, as a callback and as SSLKEYLOGFILE; decrypted by tshark',
    'trace': 'trace of messages, alerts, records and state changes',
    'server-callbacks': 'a context by SNI, a look at the ClientHello, both in their own time',
  },
  "By the other end's library: certificates verified, data both ways, either end closes": {
    'openssl': 'OpenSSL',
    'gnutls': 'GnuTLS',
    'nss': 'NSS',
    'boringssl': 'BoringSSL',
    'rustls': 'rustls',
    'go': "Go's crypto/tls",
    'jdk': 'Java (JDK)',
    'wolfssl': 'wolfSSL',
    'mbedtls': 'mbedTLS',
  },
} as const

export type FeatureId = { [Group in keyof typeof featureGroups]: keyof (typeof featureGroups)[Group] }[keyof typeof featureGroups]

/** What a proof has at the end of its title (features.ts): row, role, version, peer. */
export const PROOF = /\[([\w-]+): (client|server), (TLSv1\.[23]), ([^\]]+)\]$/
