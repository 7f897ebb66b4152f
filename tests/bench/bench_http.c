/* Floor of a firmware download: one pass from HTTP into a file, with SHA-256 on the way, durable at
 * the end. Prints the time in us and the peak memory in KiB.
 *
 * usage: bench_http ADDRESS HOST PATH FILE */
#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

#define PIECE  ((size_t)256 * 1024)
#define SHA256 32
#define FLUSH  ((uint64_t)8 * 1024 * 1024)

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

struct sink {
	int fd;
	uint64_t octets, flushed;
	gnutls_hash_hd_t hash;
};

static void sink_open(struct sink *s, const char *file, uint64_t size)
{
	*s = (struct sink){.fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
	check(s->fd >= 0 && fallocate(s->fd, 0, 0, (off_t)size) == 0, file);
	check(gnutls_hash_init(&s->hash, GNUTLS_DIG_SHA256) == 0, "hash");
}

static void sink_put(struct sink *s, const uint8_t *data, size_t n)
{
	check(gnutls_hash(s->hash, data, n) == 0, "hash");
	s->octets += n;
	while (n > 0) {
		ssize_t done = write(s->fd, data, n);

		check(done > 0, "write");
		data += done;
		n -= (size_t)done;
	}
	if (s->octets - s->flushed >= FLUSH) {
		(void)sync_file_range(s->fd, (off_t)s->flushed, (off_t)(s->octets - s->flushed),
				      SYNC_FILE_RANGE_WRITE);
		s->flushed = s->octets;
	}
}

static void sink_close(struct sink *s)
{
	uint8_t digest[SHA256];

	gnutls_hash_deinit(s->hash, digest);
	check(fdatasync(s->fd) == 0, "fdatasync");
	(void)close(s->fd);
}

/* Reads up to the end of the head; what follows it is body. 0: not a reply with a length. */
static uint64_t http_head(int fd, uint8_t *room, size_t *ret_len, size_t *ret_body)
{
	unsigned long long size = 0;
	const char *end = NULL, *field;
	size_t len = 0;

	while (!end) {
		ssize_t n = recv(fd, room + len, PIECE - 1 - len, 0);

		check(n > 0, "head");
		len += (size_t)n;
		room[len] = 0;
		end = strstr((char *)room, "\r\n\r\n");
	}
	check(strncmp((char *)room, "HTTP/1.1 200", 12) == 0, "reply");
	field = strstr((char *)room, "Content-Length: ");
	check(field && sscanf(field, "Content-Length: %llu", &size) == 1, "length");
	*ret_len = len;
	*ret_body = (size_t)(end + 4 - (char *)room);
	return size;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t *room = malloc(PIECE);
	size_t len = 0, body = 0;
	uint64_t begin = clock_monotonic_us(), left;
	struct rusage used;
	struct sink s;

	check(argc == 5, "usage");
	check(room && inet_pton(AF_INET, argv[1], &to.sin_addr) == 1, argv[1]);
	check(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
	check(dprintf(fd, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", argv[3],
		      argv[2]) > 0,
	      "request");
	left = http_head(fd, room, &len, &body);
	sink_open(&s, argv[4], left);
	sink_put(&s, room + body, len - body);
	left -= len - body;
	while (left > 0) {
		ssize_t n = recv(fd, room, PIECE, 0);

		check(n > 0 && (uint64_t)n <= left, "body");
		sink_put(&s, room, (size_t)n);
		left -= (uint64_t)n;
	}
	sink_close(&s);
	free(room);
	(void)getrusage(RUSAGE_SELF, &used);
	(void)printf("%llu %ld\n", (unsigned long long)(clock_monotonic_us() - begin),
		     used.ru_maxrss);
	return 0;
}
