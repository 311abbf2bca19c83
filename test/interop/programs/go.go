// Go's crypto/tls in the part that ../peers/echo.ts describes.

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

var options = map[string]string{}

func main() {
	for _, arg := range os.Args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		options[name] = value
	}
	if err := run(); err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
}

func run() error {
	config, err := configure()
	if err != nil {
		return err
	}
	raw, err := connect()
	if err != nil {
		return err
	}
	watched := &watchedConn{Conn: raw}
	connection := tls.Server(watched, config)
	if options["role"] == "client" {
		connection = tls.Client(watched, config)
	}
	if err := connection.Handshake(); err != nil {
		return err
	}
	state := connection.ConnectionState()
	fmt.Println("opened", map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}[state.Version], orNone(state.NegotiatedProtocol), subject(state))
	if err := echo(connection, watched); err != nil {
		return err
	}
	if err := connection.Close(); err != nil {
		return err
	}
	fmt.Println("closed")
	return nil
}

func configure() (*tls.Config, error) {
	version := map[string]uint16{"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}[options["version"]]
	config := &tls.Config{MinVersion: version, MaxVersion: version, NextProtos: []string{options["alpn"]}, ServerName: "localhost"}
	if options["cert"] != "" {
		identity, err := tls.LoadX509KeyPair(options["cert"], options["key"])
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{identity}
	}
	if options["ca"] != "" {
		pem, err := os.ReadFile(options["ca"])
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("no certificate in " + options["ca"])
		}
		config.RootCAs, config.ClientCAs, config.ClientAuth = pool, pool, tls.RequireAndVerifyClientCert
	}
	return config, nil
}

func connect() (net.Conn, error) {
	if options["role"] == "client" {
		return net.Dial("tcp", "127.0.0.1:"+options["port"])
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	return listener.Accept()
}

// To crypto/tls the end of the TCP connection is an end like close_notify, after which it does not read on.
type watchedConn struct {
	net.Conn
	ended bool
}

func (watched *watchedConn) Read(buffer []byte) (int, error) {
	length, err := watched.Conn.Read(buffer)
	watched.ended = watched.ended || err == io.EOF
	return length, err
}

func subject(state tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return "-"
	}
	return state.PeerCertificates[0].Subject.String()
}

func orNone(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func echo(connection *tls.Conn, beneath *watchedConn) error {
	count, err := strconv.Atoi(options["count"])
	if err != nil {
		return err
	}
	buffer := make([]byte, 16384)
	for echoed := 0; count == 0 || echoed < count; {
		length, err := connection.Read(buffer)
		if err == io.EOF && !beneath.ended {
			fmt.Println("end")
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := connection.Write(buffer[:length]); err != nil {
			return err
		}
		echoed += length
	}
	return nil
}
