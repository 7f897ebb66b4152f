/* A DTLS client as a pipe: whatever octets a test wants inside the records, from one UDP port.
 *
 * usage: dtls_pipe HOST PORT, numeric. Lines on standard input:
 *	open anon|pin|normal [IDENTITY KEY]     hexadecimal; a session that is open is dropped
 *	open mfg TRUST [CHAIN KEY]              files in PEM: the CA of the peer,
 *	open cert TRUST CHAIN KEY               and what we present
 *	send HEX                                one record
 *	key LABEL OBT DEVICE                    CR 2868, of the session
 *	close                                   close_notify
 *	drop                                    without a word
 * and on standard output: "port N", "peer UUID", "open SUITE", "data HEX", "key HEX", "end WHY",
 * and "refused REASON" of the peer's certificate. */
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/parse.h"
#include "dtls/dtls.h"

#define LINE_MAX_LEN ((size_t)8192)
#define WORDS        5

static struct {
	struct x509_trust *trust;
	struct dtls *dtls;
	struct dtls_session *session;
	int fd;
	bool told; /* "open" was printed */
} pipe_;

static int on_send(void *arg, struct span datagram)
{
	(void)arg;
	return send(pipe_.fd, datagram.ptr, datagram.len, 0) < 0 ? -errno : 0;
}

static void print_hex(const char *what, struct span data)
{
	char hex[2 * DTLS_INPUT_MAX + 1];

	hex_encode(data, hex);
	(void)printf("%s %s\n", what, hex);
}

static void on_data(void *arg, struct span plain)
{
	(void)arg;
	print_hex("data", plain);
}

static int on_cert(void *arg, enum dtls_profile profile, const struct x509_chain *chain)
{
	const struct x509_time now = {.us = clock_real_us(), .trusted = true};
	const char *why = "no trust";
	int r;

	(void)arg;
	r = pipe_.trust
		    ? x509_verify(chain, profile == DTLS_MFG ? X509_MANUFACTURER : X509_IDENTITY,
				  pipe_.trust, &now, &why)
		    : -ENOKEY;
	if (r < 0)
		(void)printf("refused %s\n", why);
	return r;
}

static const struct dtls_ops OPS = {.send = on_send, .cert = on_cert, .data = on_data};

static bool read_file(const char *path, struct buf *b)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *to = buf_room(b, X509_PEM_MAX);
	ssize_t n = fd >= 0 && to ? read(fd, to, X509_PEM_MAX) : -1;

	b->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static bool load_trust(const char *path)
{
	struct buf pem = BUF_INIT(X509_PEM_MAX);
	const char *why;
	bool ok;

	pipe_.trust = x509_trust_free(pipe_.trust);
	ok = read_file(path, &pem) && x509_trust_new(&pipe_.trust) == 0 &&
	     x509_trust_add(pipe_.trust, buf_span(&pem), NULL, &why) == 0;
	buf_done(&pem);
	return ok;
}

static struct x509_own *load_own(const char *chain_path, const char *key_path, enum x509_use use)
{
	struct buf chain = BUF_INIT(X509_PEM_MAX), pem = BUF_INIT(X509_PEM_MAX);
	struct x509_own *own = NULL;
	struct x509_key *key;
	const char *why = "no file";

	if (!read_file(chain_path, &chain) || !read_file(key_path, &pem) ||
	    x509_key_from_pem(buf_span(&pem), &key, &why) < 0 ||
	    x509_own_new(&own, buf_span(&chain), key, use, &why) < 0)
		(void)printf("failed %s\n", why);
	buf_done(&chain);
	buf_done(&pem);
	return own;
}

static void tell_peer(const struct dtls_facts *facts)
{
	char id[UUID_TEXT + 1];

	if (!facts->has_cert)
		return;
	uuid_format(&facts->peer, id);
	(void)printf("peer %s\n", facts->has_peer ? id : "*");
}

/* Says what has become of the session. */
static void look(void)
{
	if (!pipe_.session)
		return;
	if (dtls_state(pipe_.session) == DTLS_OPEN && !pipe_.told) {
		tell_peer(dtls_facts(pipe_.session));
		(void)printf("open %04x\n", dtls_facts(pipe_.session)->suite);
		pipe_.told = true;
	} else if (dtls_state(pipe_.session) == DTLS_ENDED) {
		(void)printf("end %d\n", (int)dtls_end(pipe_.session));
		pipe_.session = dtls_session_free(pipe_.session);
	}
}

static bool from_hex(const char *hex, uint8_t *ret, size_t max, struct span *ret_span)
{
	size_t len = strlen(hex) / 2;

	*ret_span = span_of(ret, len);
	return len <= max && hex_decode(span_str(hex), ret, len);
}

static bool connect_with(const struct dtls_offer *offer)
{
	pipe_.session = dtls_session_free(pipe_.session);
	pipe_.told = false;
	return dtls_connect(&pipe_.session, pipe_.dtls, offer, &OPS, NULL, clock_monotonic_us()) ==
	       0;
}

static bool cmd_open_cert(char *words[WORDS])
{
	CLEANUP(x509_own_unrefp) struct x509_own *own = NULL;
	struct dtls_offer offer = {.profile = DTLS_MFG, .handshake_us = 10 * USEC_PER_SEC};

	if (!words[2] || !load_trust(words[2]))
		return false;
	if (strcmp(words[1], "cert") == 0)
		offer.profile = DTLS_NORMAL;
	if (words[4])
		offer.own = own =
			load_own(words[3], words[4],
				 offer.profile == DTLS_MFG ? X509_MANUFACTURER : X509_IDENTITY);
	return connect_with(&offer);
}

static bool cmd_open(char *words[WORDS])
{
	uint8_t identity[DTLS_IDENTITY_MAX], key[SECRET_MAX];
	struct dtls_offer offer = {.profile = DTLS_ANON, .handshake_us = 10 * USEC_PER_SEC};
	struct span k;

	if (strcmp(words[1], "mfg") == 0 || strcmp(words[1], "cert") == 0)
		return cmd_open_cert(words);
	if (words[3]) {
		offer.profile = strcmp(words[1], "pin") == 0 ? DTLS_PIN : DTLS_NORMAL;
		if (!from_hex(words[2], identity, sizeof(identity), &offer.identity) ||
		    !from_hex(words[3], key, sizeof(key), &k) || !secret_set(&offer.key, k))
			return false;
	}
	return connect_with(&offer);
}

static bool cmd_send(char *words[WORDS])
{
	uint8_t plain[LINE_MAX_LEN / 2];
	struct span s;

	return pipe_.session && from_hex(words[1], plain, sizeof(plain), &s) &&
	       dtls_send(pipe_.session, s) == 0;
}

static bool cmd_key(char *words[WORDS])
{
	struct uuid obt, device;
	uint8_t key[16];

	if (!pipe_.session || !words[3] || !uuid_parse(span_str(words[2]), &obt) ||
	    !uuid_parse(span_str(words[3]), &device) ||
	    dtls_owner_key(pipe_.session, words[1], &obt, &device, key) < 0)
		return false;
	print_hex("key", span_of(key, sizeof(key)));
	return true;
}

static bool run_line(char *line)
{
	char *words[WORDS] = {NULL}, *save = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = strtok_r(i ? NULL : line, " ", &save);
	if (!words[0])
		return false;
	if (strcmp(words[0], "open") == 0 && words[1])
		return cmd_open(words);
	if (strcmp(words[0], "send") == 0 && words[1])
		return cmd_send(words);
	if (strcmp(words[0], "key") == 0)
		return cmd_key(words);
	if (strcmp(words[0], "close") == 0 && pipe_.session)
		dtls_close(pipe_.session);
	else if (strcmp(words[0], "drop") == 0 && pipe_.session)
		dtls_drop(pipe_.session);
	return true;
}

/* All whole lines that have come, at once: nothing of the network is seen between them. */
static bool take_lines(void)
{
	static char in[2 * LINE_MAX_LEN];
	static size_t have;
	ssize_t n = read(STDIN_FILENO, in + have, sizeof(in) - have);
	char *line = in, *end;

	if (n <= 0)
		return false;
	have += (size_t)n;
	while ((end = memchr(line, '\n', have - (size_t)(line - in)))) {
		*end = '\0';
		if (!run_line(line))
			(void)printf("failed\n");
		look();
		line = end + 1;
	}
	have -= (size_t)(line - in);
	memmove(in, line, have);
	return have < sizeof(in);
}

static void take_datagrams(void)
{
	uint8_t datagram[DTLS_INPUT_MAX];
	ssize_t n;

	while ((n = recv(pipe_.fd, datagram, sizeof(datagram), MSG_DONTWAIT)) > 0) {
		if (pipe_.session)
			dtls_feed(pipe_.session, span_of(datagram, (size_t)n),
				  clock_monotonic_us());
		look();
	}
}

static bool connect_to(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM}, *ai = NULL;
	struct sockaddr_in6 own = {0};
	socklen_t len = sizeof(own);
	bool ok;

	if (getaddrinfo(host, port, &hints, &ai) != 0)
		return false;
	pipe_.fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ok = pipe_.fd >= 0 && connect(pipe_.fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	     getsockname(pipe_.fd, (struct sockaddr *)&own, &len) == 0;
	freeaddrinfo(ai);
	/* The port is in the same place for IPv4. */
	(void)printf("port %u\n", ntohs(own.sin6_port));
	return ok;
}

int main(int argc, char *argv[])
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3 || !connect_to(argv[1], argv[2]) || dtls_new(&pipe_.dtls) < 0)
		return 1;
	for (;;) {
		struct pollfd fds[] = {
			{STDIN_FILENO, POLLIN, 0},
                        {pipe_.fd,     POLLIN, 0}
                };
		uint64_t now = clock_monotonic_us();
		uint64_t due = pipe_.session ? dtls_deadline(pipe_.session) : NEVER_US;
		uint64_t wait = due > now ? due - now : 0;

		(void)poll(fds, ARRAY_SIZE(fds),
			   due == NEVER_US ? -1 : (int)(wait / USEC_PER_MSEC + 1));
		if (fds[0].revents && !take_lines())
			break;
		take_datagrams();
		if (pipe_.session && dtls_deadline(pipe_.session) <= clock_monotonic_us())
			dtls_tick(pipe_.session, clock_monotonic_us());
		look();
	}
	pipe_.session = dtls_session_free(pipe_.session);
	pipe_.dtls = dtls_free(pipe_.dtls);
	pipe_.trust = x509_trust_free(pipe_.trust);
	return 0;
}
