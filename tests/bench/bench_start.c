/* Prints the time from exec of a server to its first answer, and its CPU time to its end, in us.
 *
 * usage: bench_start PORT PROGRAM [ARGUMENT...]
 *
 * Asks PORT on ::1 for /oic/sec/doxm every 100 us until an answer comes, then ends the program. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/parse.h"

#define DEADLINE_US (10 * USEC_PER_SEC)
#define ASK_NS      100000

static const uint8_t REQUEST[] = "\x48\x01\x00\x00tokentok\xb3oic\x03sec\x04"
				 "doxm\x62\x27\x10\xe2\x06\xe3\x08";

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* While nobody listens the request comes back as an error of the socket. */
static bool is_answered(int fd)
{
	const struct timespec wait = {.tv_nsec = ASK_NS};
	struct pollfd p = {fd, POLLIN, 0};
	uint8_t room[2048];

	(void)send(fd, REQUEST, sizeof(REQUEST), 0);
	return ppoll(&p, 1, &wait, NULL) == 1 && recv(fd, room, sizeof(room), 0) > 0;
}

static unsigned long long cpu_us(const struct rusage *r)
{
	return (unsigned long long)(r->ru_utime.tv_sec + r->ru_stime.tv_sec) * USEC_PER_SEC +
	       (unsigned long long)(r->ru_utime.tv_usec + r->ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	extern char **environ;
	uint64_t begin, now;
	uint32_t port = 0;
	struct rusage used;
	pid_t pid;

	check(argc > 2 && parse_u32(span_str(argv[1]), &port) && port <= UINT16_MAX, "usage");
	to.sin6_port = htons((uint16_t)port);
	check(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "socket");
	begin = clock_monotonic_us();
	check(posix_spawn(&pid, argv[2], NULL, NULL, argv + 2, environ) == 0, argv[2]);
	do {
		bool answered = is_answered(fd);

		now = clock_monotonic_us();
		if (answered)
			break;
	} while (now - begin < DEADLINE_US);
	(void)kill(pid, SIGTERM);
	(void)wait4(pid, NULL, 0, &used);
	check(now - begin < DEADLINE_US, "no answer");
	(void)printf("%llu %llu\n", (unsigned long long)(now - begin), cpu_us(&used));
	return 0;
}
