/* Floors of tools/bench: the least that any program must do for the same result.
 *
 * usage: bench_floor answer PORT LENGTH       answers every datagram with LENGTH octets, for ever
 *        bench_floor trips COUNT LENGTH       us of COUNT round trips between two processes
 *        bench_floor store DIR COUNT          us of COUNT durable replacements of a small file */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/parse.h"

#define ROOM   2048
#define RECORD 1500 /* octets of an owned device's record */

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static uint32_t number(const char *text)
{
	uint32_t n = 0;

	check(parse_u32(span_str(text), &n), text);
	return n;
}

static void write_all(int fd, const uint8_t *data, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, data, n);

		check(done > 0, "write");
		data += done;
		n -= (size_t)done;
	}
}

static int create(const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	check(fd >= 0, file);
	return fd;
}

/* ---- datagrams ---- */

static int bound_socket(uint16_t *port)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
		      getsockname(fd, (struct sockaddr *)&sa, &len) == 0,
	      "socket");
	*port = ntohs(sa.sin6_port);
	return fd;
}

static void answer(int fd, size_t len)
{
	uint8_t room[ROOM] = {0};

	check(len <= sizeof(room), "length");
	for (;;) {
		struct sockaddr_in6 from;
		socklen_t from_len = sizeof(from);

		if (recvfrom(fd, room, sizeof(room), 0, (struct sockaddr *)&from, &from_len) >= 0)
			(void)sendto(fd, room, len, 0, (struct sockaddr *)&from, from_len);
	}
}

static void trips(uint32_t n, size_t len)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	uint16_t port = 0;
	int theirs = bound_socket(&port), ours = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pid_t pid = fork();
	uint8_t room[ROOM] = {0};

	check(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer(theirs, len);
	}
	to.sin6_port = htons(port);
	check(connect(ours, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
	for (uint32_t i = 0; i < n; i++)
		check(send(ours, room, len, 0) == (ssize_t)len &&
			      recv(ours, room, sizeof(room), 0) == (ssize_t)len,
		      "round trip");
	(void)kill(pid, SIGKILL);
}

/* ---- files ---- */

static void store(const char *dir, uint32_t n)
{
	static const uint8_t record[RECORD];
	int at;

	check(chdir(dir) == 0, dir);
	at = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (uint32_t i = 0; i < n; i++) {
		int fd = create("record.tmp");

		write_all(fd, record, sizeof(record));
		check(fsync(fd) == 0 && rename("record.tmp", "record") == 0 && fsync(at) == 0,
		      "record");
		(void)close(fd);
	}
	(void)unlink("record");
	(void)close(at);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	uint64_t begin = clock_monotonic_us();

	if (strcmp(what, "answer") == 0 && argc == 4) {
		uint16_t port = (uint16_t)number(argv[2]);

		answer(bound_socket(&port), number(argv[3]));
	} else if (strcmp(what, "trips") == 0 && argc == 4) {
		trips(number(argv[2]), number(argv[3]));
	} else if (strcmp(what, "store") == 0 && argc == 4) {
		store(argv[2], number(argv[3]));
	} else {
		check(false, "usage");
	}
	(void)printf("%llu\n", (unsigned long long)(clock_monotonic_us() - begin));
	return 0;
}
