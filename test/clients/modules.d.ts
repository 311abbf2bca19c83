// Clients are used here by what their documentation says: their types are there only once they are installed.

declare module 'pg' {
  const pg: any
  namespace pg { type Client = any; type PoolClient = any }
  export default pg
}
declare module 'postgres' {
  const postgres: any
  namespace postgres { type Sql = any }
  export default postgres
}
declare module 'mysql2/promise' {
  const mysql: any
  namespace mysql { type Connection = any }
  export default mysql
}
declare module 'ioredis' {
  export const Redis: any
  export type Redis = any
}
declare module 'redis' {
  export const createClient: any
  export const RESP_TYPES: any
}
declare module 'imapflow' {
  export const ImapFlow: any
  export type ImapFlow = any
}
declare module 'nodemailer' {
  const nodemailer: any
  namespace nodemailer { type Transporter = any }
  export default nodemailer
}
declare module 'amqplib' {
  const amqp: any
  namespace amqp { type Connection = any }
  export default amqp
}
declare module 'ldapts' {
  export const Client: any
  export type Client = any
}
declare module 'undici' {
  export const Agent: any
  export type Agent = any
  export const request: any
}
declare module 'mongodb' {
  export const MongoClient: any
  export type MongoClient = any
}
declare module 'tedious' {
  export const Connection: any
  export type Connection = any
  export const Request: any
}
