// RabbitMQ, which wants to see a client certificate. Erlang's register of names, which every node needs, is a process of our own
// that ends with it.

import type { Home } from './home.js'

export interface RabbitmqPlace {
  readonly port: number
}

export async function startRabbitmq(home: Home): Promise<RabbitmqPlace> {
  const { cert, key, ca } = home.writeIdentity()
  const [names] = await home.serve(1, (free) => ['epmd', '-address', '127.0.0.1', '-port', String(free)])
  const [port] = await home.serve(2, (free, distribution) => {
    const environment = {
      RABBITMQ_CONF_ENV_FILE: '/dev/null', RABBITMQ_NODENAME: 'tests@localhost', RABBITMQ_DIST_PORT: distribution, ERL_EPMD_PORT: names,
      ERL_EPMD_ADDRESS: '127.0.0.1', RABBITMQ_MNESIA_BASE: home.path('mnesia'), RABBITMQ_LOG_BASE: home.path('log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: home.write('plugins', '[].\n'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1', RABBITMQ_CONFIG_FILE:
      home.write('rabbitmq.conf', [
        'listeners.tcp = none', `listeners.ssl.default = 127.0.0.1:${free}`, `ssl_options.cacertfile = ${ca}`,
        `ssl_options.certfile = ${cert}`, `ssl_options.keyfile = ${key}`, 'ssl_options.verify = verify_peer',
        'ssl_options.fail_if_no_peer_cert = true', 'log.console = true', 'log.file = false',
      ].join('\n')),
    }
    return ['env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`), '/usr/lib/rabbitmq/bin/rabbitmq-server']
  })
  return { port: port! }
}
