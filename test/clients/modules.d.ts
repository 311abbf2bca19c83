// Clients are used here by what their documentation says; their types are there only once they are installed.

declare module 'pg' {
  const pg: any
  namespace pg { type Client = any; type PoolClient = any }
  export default pg
}
