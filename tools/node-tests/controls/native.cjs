// The control that must pass every test: Node's tls in its own place.
module.exports = require('node:tls')
