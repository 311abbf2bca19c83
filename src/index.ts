// `libssl-wasm`: TLS over any byte transport, as WHATWG streams.

export * from './base/errors.js'
export type * from './base/certificate-error-codes.js'
export type * from './base/error-codes.js'
export type * from './base/openssl-error-codes.js'
export type { BytesLike } from './base/bytes.js'
export { load, loadSync, type LoadOptions } from './core/load.js'
export { systemRoots } from './system-roots.js'
export type { CompiledModule, WasmCode, WasmSource } from './loader/load-module.js'
export type { ChannelBindingType } from './core/channel-binding.js'
export type { ClientHello } from './core/client-hello.js'
export type { VerifyResultName } from './core/certificate-code.js'
export type { EchKey, EchKeyOptions } from './core/ech-store.js'
export type { EchStatus } from './core/ech-status.js'
export type { LibSsl } from './core/lib-ssl.js'
export type { PskIdentityKey, PskKey } from './ffi/callbacks.js'
export type { ProtocolEvent, StateEvent } from './core/trace.js'
export { X509, type X509Attribute, type X509KeyUsage, type X509Names } from './core/x509.js'
export { accept, connect } from './frontends/whatwg/connect.js'
export { createContext } from './frontends/context.js'
export type { TlsContext } from './frontends/tls-context.js'
export type { ConnectionInfo } from './frontends/connection-info.js'
export type { TlsConnection, TlsServerConnection } from './frontends/whatwg/tls-connection.js'
export { indexedDbSessionStore } from './frontends/sessions/indexed-db-store.js'
export {
  keyValueSessionStore, memoryServerSessionCache, memorySessionStore, type KeyValueStore, type MemorySessionStoreOptions,
  type ServerSessionCache, type SessionStore,
} from './frontends/sessions/session-store.js'
export { TicketKeys, type TicketKeysOptions } from './frontends/sessions/ticket-keys.js'
export { TlsSession } from './frontends/sessions/tls-session.js'
export type { KeyingMaterialOptions, OpenConnection } from './frontends/open-connection.js'
export type {
  AcceptOptions, ClientConnectionOptions, ClientContextOptions, CommonOptions, ConnectOptions, ContextOptions, ServerConnectionOptions,
  ServerContextOptions,
} from './frontends/options.js'
export type { AlgorithmOptions, LegacyRenegotiationOptions, ProtocolVersion } from './frontends/features/algorithms.js'
export type {
  AlpnChooser, CertificateChoiceOptions, CertificateRequest, ChosenCertificate, ClientAlpnOptions, ClientHelloOptions, HelloAnswer,
  ServerAlpnOptions,
} from './frontends/features/choices.js'
export type {
  ClientIdentityOptions, ClientPostHandshakeAuthOptions, ServerPostHandshakeAuthOptions,
} from './frontends/features/client-identity.js'
export {
  generateEchKey, type ClientEchOptions, type EchKeyInput, type GenerateEchKeyOptions, type ServerEchOptions,
} from './frontends/features/ech.js'
export type { Certificates } from './frontends/features/feature.js'
export type {
  IdentitiesOptions, Identity, IdentityOptions, OcspResponseOptions, RawPublicKeyOption,
} from './frontends/features/identity.js'
export type { ClientPskOptions, RawPublicKeyOptions, ServerPskOptions } from './frontends/features/known-keys.js'
export type { ClientRecordOptions, LimitOptions, MaxFragmentLength, RecordOptions } from './frontends/features/limits.js'
export type { KeyLogOptions, ObserverOptions, StateTraceEvent, TraceEvent, WireTraceEvent } from './frontends/features/observers.js'
export type { OcspRequestOptions, ServerIdentityOptions } from './frontends/features/server-identity.js'
export type { ClientSessionOptions, ServerSessionOptions } from './frontends/features/sessions.js'
export type { TrustAnchorOptions } from './frontends/features/trust-anchors.js'
export type { VerificationOptions, VerifyAnswer, VerifyContext, VerifyFailure } from './frontends/features/verification.js'
export type { IoEvent } from './pump/pump-options.js'
export type { ByteTransport } from './pump/transport.js'
export type { TransportLike } from './transports/adapt.js'
export { memoryTransportPair } from './transports/memory.js'
export { bunSocketHandlers, fromBunSocket, type BunSocketHandlers, type BunSocketLike } from './transports/bun.js'
export { fromCloudflareSocket, type CloudflareSocketLike } from './transports/cloudflare.js'
export { fromDataChannel, type DataChannelLike, type DataChannelTransportOptions } from './transports/data-channel.js'
export { fromDenoConn, type DenoConnLike } from './transports/deno.js'
export {
  fromMessagePort, type MessagePortLike, type MessagePortTransportOptions, type WholeMessagePort,
} from './transports/message-port.js'
export { fromNodeStream, type NodeDuplexLike } from './transports/node.js'
export type { Target } from './transports/target.js'
export { openTunnel, type TunnelOptions, type WebSocketStreamConstructor } from './transports/tunnel.js'
export { PlaintextConversation, type PlaintextOptions } from './transports/plaintext.js'
export { fromWebSocket } from './transports/websocket.js'
export type { WebSocketConstructor, WebSocketLike } from './transports/websocket-like.js'
export type { WebSocketTransportOptions } from './transports/websocket-options.js'
export { fromWebSocketStream, type WebSocketStreamLike } from './transports/websocket-stream.js'
