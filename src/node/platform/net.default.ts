// Where there are no sockets, until `libssl-wasm/node/net` has some.

export class Socket {
  constructor() {
    throw new Error('there are no sockets here: give tls.connect() a Duplex as option socket')
  }
}

export class Server {
  constructor() {
    throw new Error('there are no servers here')
  }
}
