// What strangers send that is not HTTP, or not quite: each is refused, and harms nobody else.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "support/raw_case.h"

namespace pais::http {
namespace {

using test::denied;
using test::fine;
using test::get;
using test::play;
using test::post;
using test::RawCase;
using test::refused;
using test::TestServer;
using namespace std::string_literals;

// A POST of `/echo` with these header lines, and what comes after them.
std::string echo(const std::string& lines, const std::string& rest = "") {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + lines + "\r\n" + rest;
}

std::string line(const std::string& request_line) {
  return request_line + "\r\nHost: localhost\r\n\r\n";
}

RawCase bad(std::string name, std::string bytes) {
  return refused(std::move(name), std::move(bytes), Code::bad_request);
}

RawCase unknown_coding(std::string name, std::string bytes) {
  return refused(std::move(name), std::move(bytes), Code::unsupported_transfer);
}

TEST(Abuse, AContentLengthIsOnePlainNumber) {
  TestServer server;

  play(server, std::vector<RawCase>{
                   fine("a number", echo("Content-Length: 3\r\n", "abc")),
                   fine("tabs around it", echo("Content-Length:\t 3 \t\r\n", "abc")),
                   fine("leading zeros", echo("Content-Length: 0003\r\n", "abc")),
                   fine("in lower case", echo("content-length: 3\r\n", "abc")),
                   fine("nothing", echo("Content-Length: 0\r\n")),
                   bad("twice the same", echo("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")),
                   bad("twice another", echo("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")),
                   bad("a list of the same", echo("Content-Length: 3, 3\r\n", "abc")),
                   bad("a list of others", echo("Content-Length: 3,4\r\n", "abc")),
                   bad("a plus", echo("Content-Length: +3\r\n", "abc")),
                   bad("a minus", echo("Content-Length: -3\r\n", "abc")),
                   bad("minus zero", echo("Content-Length: -0\r\n")),
                   bad("hex", echo("Content-Length: 0x3\r\n", "abc")),
                   bad("hex digits", echo("Content-Length: a\r\n", "0123456789")),
                   bad("a letter behind", echo("Content-Length: 3a\r\n", "abc")),
                   bad("a blank inside", echo("Content-Length: 3 3\r\n", "abc")),
                   bad("a fraction", echo("Content-Length: 3.0\r\n", "abc")),
                   bad("an exponent", echo("Content-Length: 1e1\r\n", "0123456789")),
                   bad("quoted", echo("Content-Length: \"3\"\r\n", "abc")),
                   bad("empty", echo("Content-Length:\r\n")),
                   bad("blank", echo("Content-Length:   \r\n")),
                   bad("a vertical tab before", echo("Content-Length: \v3\r\n", "abc")),
                   bad("digits of another script", echo("Content-Length: \xd9\xa3\r\n", "abc")),
                   bad("one too large for 64 bits", echo("Content-Length: 18446744073709551619\r\n", "abc")),
                   bad("a hundred digits", echo("Content-Length: " + std::string(100, '9') + "\r\n", "abc")),
                   bad("a name with a blank", echo("Content-Length : 3\r\n", "abc")),
                   bad("a minus on a GET", get("/health", "Content-Length: -1\r\n")),
               });
}

TEST(Abuse, ATransferCodingIsChunkedOnceAndAlone) {
  TestServer server;
  const std::string abc = "3\r\nabc\r\n0\r\n\r\n";

  play(server, std::vector<RawCase>{
                   fine("chunked", echo("Transfer-Encoding: chunked\r\n", abc)),
                   fine("in capitals", echo("TRANSFER-ENCODING: CHUNKED\r\n", abc)),
                   fine("without a blank", echo("Transfer-Encoding:chunked\r\n", abc)),
                   fine("an underscore makes another header",
                        echo("Transfer_Encoding: chunked\r\nContent-Length: 3\r\n", "abc")),
                   unknown_coding("gzip", echo("Transfer-Encoding: gzip\r\n", abc)),
                   unknown_coding("identity", echo("Transfer-Encoding: identity\r\n", abc)),
                   unknown_coding("gzip and chunked", echo("Transfer-Encoding: gzip, chunked\r\n", abc)),
                   unknown_coding("a word that begins so", echo("Transfer-Encoding: chunkedx\r\n", abc)),
                   unknown_coding("a longer word", echo("Transfer-Encoding: xchunked\r\n", abc)),
                   bad("chunked twice in a list", echo("Transfer-Encoding: chunked, chunked\r\n", abc)),
                   bad("chunked and gzip", echo("Transfer-Encoding: chunked, gzip\r\n", abc)),
                   bad("chunked and identity", echo("Transfer-Encoding: chunked, identity\r\n", abc)),
                   bad("a parameter", echo("Transfer-Encoding: chunked;x\r\n", abc)),
                   bad("a comma behind", echo("Transfer-Encoding: chunked,\r\n", abc)),
                   bad("two headers", echo("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", abc)),
                   bad("two others", echo("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", abc)),
                   bad("empty", echo("Transfer-Encoding:\r\n", abc)),
                   bad("a vertical tab before", echo("Transfer-Encoding: \vchunked\r\n", abc)),
                   bad("a vertical tab behind", echo("Transfer-Encoding: chunked\v\r\n", abc)),
                   bad("a form feed", echo("Transfer-Encoding: \fchunked\r\n", abc)),
                   bad("a NUL behind", echo("Transfer-Encoding: chunked\0\r\n"s, abc)),
                   bad("a byte above ASCII", echo("Transfer-Encoding: \xa0"
                                                  "chunked\r\n",
                                                  abc)),
                   bad("a blank before the colon", echo("Transfer-Encoding : chunked\r\n", abc)),
                   bad("a tab before the colon", echo("Transfer-Encoding\t: chunked\r\n", abc)),
                   bad("folded", echo("Transfer-Encoding:\r\n chunked\r\n", abc)),
                   bad("in HTTP/1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + abc),
               });
}

TEST(Abuse, WhatTwoReadersCouldReadDifferentlyIsReadByNobody) {
  TestServer server;
  const std::string smuggled = get("/health");
  const std::string hidden = "0\r\n\r\n" + smuggled;
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";

  play(server,
       std::vector<RawCase>{
           bad("length, then chunked", echo(length + "Transfer-Encoding: chunked\r\n", hidden)),
           bad("chunked, then length", echo("Transfer-Encoding: chunked\r\n" + length, hidden)),
           bad("chunked and length 0", echo("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", hidden)),
           bad("identity and length", echo("Transfer-Encoding: identity\r\n" + length, hidden)),
           bad("a coding with a blank before the colon", echo(length + "Transfer-Encoding : chunked\r\n", hidden)),
           bad("a coding behind a tab", echo(length + "\tTransfer-Encoding: chunked\r\n", hidden)),
           bad("a coding behind a bare LF", echo("X: a\nTransfer-Encoding: chunked\r\n" + length, hidden)),
           bad("a coding behind a bare CR", echo("X: a\rTransfer-Encoding: chunked\r\n" + length, hidden)),
           bad("a coding behind a NUL", echo("X: a\0Transfer-Encoding: chunked\r\n"s + length, hidden)),
           bad("a coding with a vertical tab", echo(length + "Transfer-Encoding: \vchunked\r\n", hidden)),
           bad("a coding in quotes", echo(length + "Transfer-Encoding: \"chunked\"\r\n", hidden)),
           bad("a body on a GET that says both", get("/health", length + "Transfer-Encoding: chunked\r\n") + hidden),
           bad("a chunk of more than its size", echo("Transfer-Encoding: chunked\r\n", "1\r\nab\r\n" + hidden)),
           bad("a chunk size with a bare LF", echo("Transfer-Encoding: chunked\r\n", "1\na\n" + hidden)),
           bad("an extension with a bare LF", echo("Transfer-Encoding: chunked\r\n", "1;a\nb\r\n" + hidden)),
           bad("an extension with a bare CR", echo("Transfer-Encoding: chunked\r\n", "1;a\rb\r\n" + hidden)),
           bad("a chunk ended by a bare LF", echo("Transfer-Encoding: chunked\r\n", "1\r\na\n" + hidden)),
           bad("a trailer with a bare LF", echo("Transfer-Encoding: chunked\r\n", "0\r\nA: b\n\r\n" + smuggled)),
       });
}

TEST(Abuse, AHeaderLineIsANameAColonAndAValue) {
  TestServer server;

  play(server, std::vector<RawCase>{
                   fine("an empty value", get("/health", "X:\r\n")),
                   fine("bytes above ASCII in a value", get("/health", "X: \xc3\xa4\xff\r\n")),
                   fine("a tab in a value", get("/health", "X: a\tb\r\n")),
                   fine("odd but lawful names", get("/health", "!#$%&'*+-.^_`|~9: x\r\n")),
                   bad("folded by a blank", get("/health", "X: a\r\n b\r\n")),
                   bad("folded by a tab", get("/health", "X: a\r\n\tb\r\n")),
                   bad("folded before any header", "GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n"),
                   bad("a blank line that is not blank", get("/health", " \r\n")),
                   bad("a blank before the colon", get("/health", "X : a\r\n")),
                   bad("no colon", get("/health", "X\r\n")),
                   bad("no name", get("/health", ": a\r\n")),
                   bad("a blank in the name", get("/health", "X Y: a\r\n")),
                   bad("a bracket in the name", get("/health", "X[0]: a\r\n")),
                   bad("a byte above ASCII in the name", get("/health", "\xc3\xa4: a\r\n")),
                   bad("a NUL in the name", get("/health", "X\0: a\r\n"s)),
                   bad("a NUL in the value", get("/health", "X: a\0b\r\n"s)),
                   bad("a bell in the value", get("/health", "X: \a\r\n")),
                   bad("a DEL in the value", get("/health", "X: \x7f\r\n")),
                   bad("a bare CR in the value", get("/health", "X: a\rb\r\n")),
                   bad("a CR too many", get("/health", "X: a\r\r\n")),
                   bad("a CR alone on its line", get("/health", "\r\r\n")),
                   bad("a bare LF after a header", get("/health", "X: a\n")),
                   bad("bare LFs everywhere", "GET /health HTTP/1.1\nHost: localhost\n\n"),
                   bad("a bare LF as the blank line", "GET /health HTTP/1.1\r\nHost: localhost\r\n\n"),
               });
}

TEST(Abuse, ThereIsOneHost) {
  TestServer server;
  const auto with_host = [](const std::string& lines) { return "GET /health HTTP/1.1\r\n" + lines + "\r\n"; };

  play(server,
       std::vector<RawCase>{
           fine("with a port", with_host("Host: localhost:8000\r\n")),
           fine("an address", with_host("Host: 127.0.0.1\r\n")),
           fine("an address of IPv6", with_host("Host: [::1]:80\r\n")),
           bad("none", with_host("")),
           bad("none but others", with_host("X-Host: localhost\r\n")),
           bad("twice the same", with_host("Host: localhost\r\nHost: localhost\r\n")),
           bad("twice another", with_host("Host: localhost\r\nhost: evil.example\r\n")),
           bad("empty", with_host("Host:\r\n")),
           bad("blank", with_host("Host: \t \r\n")),
           bad("two words", with_host("Host: localhost evil\r\n")),
           bad("a list", with_host("Host: localhost, evil\r\n")),
           bad("a path", with_host("Host: localhost/health\r\n")),
           bad("a user", with_host("Host: localhost@evil.example\r\n")),
           bad("a NUL", with_host("Host: localhost\0.evil\r\n"s)),
           bad("not even in an absolute target", with_host("").replace(4, 7, "http://localhost/health")),
           denied("a foreign one", with_host("Host: evil.example\r\n"), Code::host_refused),
           denied("a loopback name in front", with_host("Host: localhost.evil.example\r\n"), Code::host_refused),
           denied("a foreign one in the target", line("GET http://evil.example/health HTTP/1.1"), Code::host_refused),
           denied("a foreign origin", get("/health", "Origin: https://evil.example\r\n"), Code::origin_refused),
           denied("an origin without name", get("/health", "Origin: null\r\n"), Code::origin_refused),
       });
}

TEST(Abuse, ARequestLineIsThreeWords) {
  TestServer server;

  play(server, std::vector<RawCase>{
                   fine("in absolute form", line("GET http://localhost/health HTTP/1.1")),
                   fine("a blank line before", "\r\n" + get("/health")),
                   bad("two blank lines before", "\r\n\r\n" + get("/health")),
                   bad("a bare LF before", "\n" + get("/health")),
                   bad("a blank before", " " + get("/health")),
                   bad("HTTP/0.9", "GET /health\r\n\r\n"),
                   bad("HTTP/0.9 as a number", line("GET /health HTTP/0.9")),
                   bad("HTTP/1.2", line("GET /health HTTP/1.2")),
                   bad("HTTP/2.0", line("GET /health HTTP/2.0")),
                   bad("HTTP/1.10", line("GET /health HTTP/1.10")),
                   bad("a version in lower case", line("GET /health http/1.1")),
                   bad("another protocol", line("GET /health ICAP/1.0")),
                   bad("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                   bad("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s),
                   bad("NULs", std::string(64, '\0')),
                   bad("two blanks", line("GET  /health HTTP/1.1")),
                   bad("a tab between", line("GET\t/health HTTP/1.1")),
                   bad("a blank behind", line("GET /health HTTP/1.1 ")),
                   bad("four words", line("GET /health /ready HTTP/1.1")),
                   bad("no target", line("GET  HTTP/1.1")),
                   bad("a bare CR inside", line("GET /health\rHTTP/1.1 HTTP/1.1")),
                   bad("a method that is no token", line("G<T /health HTTP/1.1")),
                   bad("a method of 33 letters", line(std::string(33, 'A') + " /health HTTP/1.1")),
                   denied("a method in lower case", line("get /health HTTP/1.1"), Code::method_not_allowed),
                   denied("TRACE", line("TRACE /health HTTP/1.1"), Code::method_not_allowed),
                   denied("a method nobody knows", line("BREW /health HTTP/1.1"), Code::method_not_allowed),
                   bad("CONNECT", line("CONNECT localhost:80 HTTP/1.1")),
               });
}

TEST(Abuse, ATargetIsAPathAsItIs) {
  TestServer server;
  const auto to = [](const std::string& target) { return line("GET " + target + " HTTP/1.1"); };

  play(server, std::vector<RawCase>{
                   fine("with a query", to("/health?a=b")),
                   fine("with an empty query", to("/health?")),
                   fine("line breaks encoded in the query", to("/health?a=%0d%0aX-Evil:%0d%0a%0d%0a")),
                   fine("a query that is broken", to("/health?%zz&%&=&a=%u12")),
                   fine("a query with question marks", to("/health?a?b??")),
                   denied("an encoded letter", to("/%68ealth"), Code::not_found),
                   denied("an encoded slash", to("/x%2f..%2fhealth"), Code::not_found),
                   denied("two slashes", to("//health"), Code::not_found),
                   denied("a slash behind", to("/health/"), Code::not_found),
                   denied("dots", to("/x/../health"), Code::not_found),
                   denied("an encoded NUL", to("/health%00"), Code::not_found),
                   denied("a backslash", to("/\\health"), Code::not_found),
                   bad("a fragment", to("/health#a")),
                   bad("a fragment in the query", to("/health?a#b")),
                   bad("a NUL", to("/health\0"s)),
                   bad("an escape", to("/\x1bhealth")),
                   bad("a DEL", to("/\x7f")),
                   bad("a byte above ASCII", to("/\xc3\xa4")),
                   bad("no slash", to("health")),
                   bad("a star for a GET", to("*")),
                   bad("another scheme", to("ftp://localhost/health")),
                   bad("an absolute target without host", to("http:///health")),
                   bad("an absolute target without path", to("http://localhost?a")),
                   bad("an absolute target with a user", to("http://evil@localhost/health")),
               });
}

TEST(Abuse, AChunkIsASizeAndThatManyBytes) {
  TestServer server;
  const auto chunks = [](const std::string& body) { return echo("Transfer-Encoding: chunked\r\n", body); };

  play(server,
       std::vector<RawCase>{
           fine("with an extension", chunks("3;a=b\r\nabc\r\n0\r\n\r\n")),
           fine("with a trailer", chunks("3\r\nabc\r\n0\r\nX: y\r\n\r\n")),
           fine("none", chunks("0\r\n\r\n")),
           bad("no size", chunks("\r\nabc\r\n0\r\n\r\n")),
           bad("no hex", chunks("xyz\r\n")),
           bad("a minus", chunks("-3\r\nabc\r\n0\r\n\r\n")),
           bad("a plus", chunks("+3\r\nabc\r\n0\r\n\r\n")),
           bad("a prefix", chunks("0x3\r\nabc\r\n0\r\n\r\n")),
           bad("a blank before", chunks(" 3\r\nabc\r\n0\r\n\r\n")),
           bad("a blank behind", chunks("3 \r\nabc\r\n0\r\n\r\n")),
           bad("a size that overflows", chunks("10000000000000003\r\nabc\r\n0\r\n\r\n")),
           bad("a size with many zeros", chunks(std::string(20, '0') + "3\r\nabc\r\n0\r\n\r\n")),
           bad("no line end behind the size", chunks("3xyz\r\n")),
           bad("no line end behind the chunk", chunks("3\r\nabc0\r\n\r\n")),
           bad("a NUL behind the size", chunks("3\0\r\nabc\r\n0\r\n\r\n"s)),
           bad("a long extension", chunks("3;" + std::string(1'000, 'a') + "\r\nabc\r\n0\r\n\r\n")),
           refused("long trailers", chunks("0\r\nX: " + std::string(9'000, 'a') + "\r\n\r\n"), Code::headers_too_large),
           {.name = "in pieces", .pieces = {chunks("3\r"), "\nab", "c", "\r\n0\r\n", "\r", "\n"}, .status = 200},
           {.name = "garbage in a later piece",
            .pieces = {chunks("3\r\nabc\r\n"), "nonsense"},
            .status = 400,
            .code = Code::bad_request,
            .closes = true},
       });
}

TEST(Abuse, WhatIsCutIntoPiecesMeansTheSame) {
  TestServer server;

  play(server, std::vector<RawCase>{
                   {.name = "a head",
                    .pieces = {"G", "ET /hea", "lth HTTP/1.1\r", "\nHost: local", "host\r\n\r", "\n"},
                    .status = 200},
                   {.name = "a body", .pieces = {echo("Content-Length: 6\r\n"), "ab", "cdef"}, .status = 200},
                   {.name = "a blank line before", .pieces = {"\r", "\n", get("/health")}, .status = 200},
                   {.name = "two blank lines before",
                    .pieces = {"\r", "\n", "\r", "\n"},
                    .status = 400,
                    .code = Code::bad_request,
                    .closes = true},
                   {.name = "a CR that is none",
                    .pieces = {"\r", get("/health")},
                    .status = 400,
                    .code = Code::bad_request,
                    .closes = true},
                   {.name = "a bad line",
                    .pieces = {"GET /health HTTP/1.1\r\nHost: localhost\r", "x\r\n\r\n"},
                    .status = 400,
                    .code = Code::bad_request,
                    .closes = true},
               });
}

TEST(Abuse, HeadersThatConfuseALibraryChangeNothing) {
  TestServer server;

  play(server,
       std::vector<RawCase>{
           fine("addresses of its own",
                get("/health", "REMOTE_ADDR: 6.6.6.6\r\nREMOTE_PORT: x\r\nLOCAL_ADDR: 6.6.6.6\r\n")),
           fine("a range", get("/health", "Range: bytes=0-0\r\n")),
           fine("ranges without end", get(
                                          "/health", "Range: bytes=" +
                                                         [] {
                                                           std::string ranges;
                                                           for (int i = 0; i < 900; ++i) ranges += "0-,";
                                                           return ranges;
                                                         }() +
                                                         "0-\r\n")),
           fine("a range that is none", get("/health", "Range: bytes=9-1,-,99999999999999999999-\r\n")),
           fine("line breaks encoded in a value", get("/health", "X-Request-ID: a%0d%0aX-Evil:1\r\n")),
           fine("wanting a compressed answer", get("/health", "Accept-Encoding: gzip, br, deflate\r\n")),
           fine("wanting another protocol",
                get("/health", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n")),
           fine("wanting a socket",
                get("/health", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n")),
           fine("a multipart body", post("/echo", "--x\r\nContent-Disposition: form-data\r\n",
                                         "Content-Type: multipart/form-data; boundary=x\r\n")),
           fine("a multipart body without boundary", post("/echo", "--x", "Content-Type: multipart/form-data\r\n")),
           fine("a form", post("/echo", "a=%zz&&&=", "Content-Type: application/x-www-form-urlencoded\r\n")),
           fine("a body on a GET", get("/health", "Content-Length: 3\r\n") + "abc"),
           fine("a plain body that says so", post("/echo", "abc", "Content-Encoding: identity\r\n")),
           refused("a compressed body", post("/echo", "\x1f\x8b", "Content-Encoding: gzip\r\n"),
                   Code::unsupported_encoding),
           refused("a body compressed twice", post("/echo", "x", "Content-Encoding: identity, br\r\n"),
                   Code::unsupported_encoding),
           bad("an expectation nobody knows", post("/echo", "abc", "Expect: 200-ok\r\n")),
       });
}

TEST(Abuse, AnHttp10ClientIsServed) {
  TestServer server;

  play(server,
       std::vector<RawCase>{
           {.name = "and left", .pieces = {"GET /health HTTP/1.0\r\n\r\n"}, .status = 200, .closes = true},
           {.name = "and kept", .pieces = {"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}, .status = 200},
           {.name = "with a body",
            .pieces = {"POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"},
            .status = 200,
            .closes = true},
           {.name = "HEAD",
            .pieces = {"HEAD /health HTTP/1.0\r\n\r\n"},
            .status = 200,
            .closes = true,
            .reading = test::Reading::answer_without_body},
       });
}

}  // namespace
}  // namespace pais::http
