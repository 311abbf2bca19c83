// The JavaScript half of LSW_IMPORT in lsw.h, linked by --js-library. Each goes straight to the object that
// src/ffi/callbacks.ts put at Module.lsw, which catches what a callback throws: nothing unwinds through C.
addToLibrary({
  lsw_js_bio_read: (handle, buf, length) => Module['lsw'].bioRead(handle, buf, length),
  lsw_js_bio_write: (handle, buf, length) => Module['lsw'].bioWrite(handle, buf, length),
  lsw_js_cert_cb: (handle) => Module['lsw'].certCb(handle),
  lsw_js_client_hello_cb: (handle) => Module['lsw'].clientHelloCb(handle),
  lsw_js_alpn_cb: (handle, protos, length) => Module['lsw'].alpnCb(handle, protos, length),
  lsw_js_msg_cb: (handle, sent, version, contentType, buf, length) => Module['lsw'].msgCb(handle, sent, version, contentType, buf, length),
  lsw_js_info_cb: (handle, where) => Module['lsw'].infoCb(handle, where),
  lsw_js_keylog_cb: (handle, line) => Module['lsw'].keylogCb(handle, line),
  lsw_js_new_session_cb: (handle, id, idLength, bytes, length) => Module['lsw'].newSessionCb(handle, id, idLength, bytes, length),
  lsw_js_get_session_cb: (handle, id, idLength, bytes) => Module['lsw'].getSessionCb(handle, id, idLength, bytes),
  lsw_js_chain_cb: (handle, ok, error) => Module['lsw'].chainCb(handle, ok, error),
  lsw_js_status_cb: (handle) => Module['lsw'].statusCb(handle),
  lsw_js_psk_client_cb: (handle, hint, identity, identityCapacity, key, keyCapacity) => Module['lsw'].pskClientCb(handle, hint, identity, identityCapacity, key, keyCapacity),
  lsw_js_psk_server_cb: (handle, identity, length, key, keyCapacity) => Module['lsw'].pskServerCb(handle, identity, length, key, keyCapacity),
  lsw_js_verify_cb: (handle, preverifyOk, depth, error) => Module['lsw'].verifyCb(handle, preverifyOk, depth, error),
});
