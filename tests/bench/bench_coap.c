/* Plain GET of /oic/sec/doxm with 32 in flight, against bare UDP echoes with answers of the same
 * length and the same batching, in turns: one that sends datagrams, one that sends segments, as
 * lib/transport does when it can. Prints "name value unit" lines; those called round hold our value
 * and an echo's.
 *
 * usage: bench_coap [ADDRESS PORT PID]  the server to measure; default: an endpoint alone, whose
 *                                       application answers 180 octets */
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/parse.h"
#include "transport/endpoint.h"

#define IN_FLIGHT 32
#define ROUNDS    11
#define ROUND_US  (300 * USEC_PER_MSEC)
#define BODY      180
#define ROOM      2048

struct batch {
	struct mmsghdr heads[IN_FLIGHT];
	struct iovec iov[IN_FLIGHT];
	struct sockaddr_in6 names[IN_FLIGHT];
	uint8_t data[IN_FLIGHT][ROOM];
};

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void batch_ready(struct batch *b, size_t len, bool named)
{
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		b->iov[i] = (struct iovec){b->data[i], len};
		b->heads[i].msg_hdr =
			(struct msghdr){.msg_name = named ? &b->names[i] : NULL,
					.msg_namelen = named ? sizeof(b->names[i]) : 0,
					.msg_iov = &b->iov[i],
					.msg_iovlen = 1};
	}
}

/* ---- the servers ---- */

static int bound_socket(uint16_t *ret_port)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
		      getsockname(fd, (struct sockaddr *)&sa, &len) == 0,
	      "socket");
	*ret_port = ntohs(sa.sin6_port);
	return fd;
}

/* All answers to the one client as one message that the kernel cuts up, as lib/transport does. */
static void send_segments(int fd, struct batch *b, size_t n)
{
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(uint16_t))];
	} control = {
		.head = {.cmsg_len = CMSG_LEN(sizeof(uint16_t)),
			 .cmsg_level = SOL_UDP,
			 .cmsg_type = UDP_SEGMENT}
        };
	struct msghdr h = b->heads[0].msg_hdr;
	uint16_t len = (uint16_t)b->iov[0].iov_len;

	memcpy(CMSG_DATA(&control.head), &len, sizeof(len));
	h.msg_iovlen = n;
	h.msg_control = &control;
	h.msg_controllen = sizeof(control.room);
	(void)sendmsg(fd, &h, MSG_DONTWAIT);
}

static void echo_loop(int fd, size_t answer_len, bool segments)
{
	static struct batch in, out;

	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		int n;

		(void)poll(&p, 1, -1);
		batch_ready(&in, ROOM, true);
		n = recvmmsg(fd, in.heads, IN_FLIGHT, MSG_DONTWAIT, NULL);
		if (n <= 0)
			continue;
		batch_ready(&out, answer_len, true);
		for (size_t i = 0; i < (size_t)n; i++) {
			memcpy(out.data[i], in.data[i], in.heads[i].msg_len);
			out.names[i] = in.names[i];
		}
		if (segments)
			send_segments(fd, &out, (size_t)n);
		else
			(void)sendmmsg(fd, out.heads, (unsigned)n, MSG_DONTWAIT);
	}
}

static void on_request(void *arg, const struct req *req, struct answer *answer)
{
	(void)arg;
	(void)req;
	answer->verdict = V_CONTENT;
	answer->content_format = CF_OCF_CBOR;
	buf_put(&answer->body, span_of((const uint8_t[BODY]){0xbf}, BODY));
}

static void endpoint_loop(struct endpoint *e)
{
	for (;;) {
		struct pollfd p = {endpoint_fd(e), POLLIN, 0};

		(void)poll(&p, 1, -1);
		check(endpoint_dispatch(e, clock_monotonic_us()) == 0, "dispatch");
	}
}

static pid_t start_echo(size_t answer_len, bool segments, uint16_t *ret_port)
{
	int fd = bound_socket(ret_port);
	pid_t pid = fork();

	check(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		echo_loop(fd, answer_len, segments);
	}
	(void)close(fd);
	return pid;
}

static pid_t start_endpoint(uint16_t *ret_port)
{
	static const struct endpoint_ops OPS = {.request = on_request};
	CLEANUP(endpoint_freep) struct endpoint *e = NULL;
	struct endpoint_config cfg;
	pid_t pid;

	endpoint_defaults(&cfg);
	cfg.coap_port = cfg.coaps_port = 0;
	cfg.server = true;
	check(endpoint_new(&e, &cfg, &OPS, NULL, clock_monotonic_us()) == 0, "endpoint");
	*ret_port = endpoint_coap_port(e);
	pid = fork();
	check(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		endpoint_loop(e);
	}
	return pid;
}

/* ---- the load ---- */

static const uint8_t REQUEST[] = "\x48\x01\x00\x00tokentok\xb3oic\x03sec\x04"
				 "doxm\x62\x27\x10\xe2\x06\xe3\x08";

static int connected(const struct endpoint_addr *to)
{
	struct endpoint_addr a = *to;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd >= 0 && connect(fd, (struct sockaddr *)&a.sa, sizeof(a.sa)) == 0, "connect");
	return fd;
}

/* Answers in a second. What is lost is replaced after 20 ms, and costs its share of the rate. */
static double load(int fd, size_t *ret_answer_len)
{
	static struct batch out, in;
	uint64_t begin = clock_monotonic_us(), now = begin, answers = 0;
	unsigned due = IN_FLIGHT;
	uint16_t id = 0;

	batch_ready(&out, sizeof(REQUEST), false);
	while (now - begin < ROUND_US) {
		struct pollfd p = {fd, POLLIN, 0};
		int n;

		for (unsigned i = 0; i < due; i++) {
			memcpy(out.data[i], REQUEST, sizeof(REQUEST));
			out.data[i][2] = (uint8_t)(id >> 8);
			out.data[i][3] = (uint8_t)id++;
		}
		check(sendmmsg(fd, out.heads, due, 0) == (int)due, "send");
		due = IN_FLIGHT;
		if (poll(&p, 1, 20) == 1) {
			batch_ready(&in, ROOM, false);
			n = recvmmsg(fd, in.heads, IN_FLIGHT, MSG_DONTWAIT, NULL);
			check(n > 0, "receive");
			due = (unsigned)n;
			answers += due;
			*ret_answer_len = in.heads[0].msg_len;
		}
		now = clock_monotonic_us();
	}
	return (double)answers * 1e6 / (double)(now - begin);
}

static double cpu_us(pid_t pid)
{
	struct timespec ts;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &ts) < 0)
		return 0;
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double v[ROUNDS])
{
	qsort(v, ROUNDS, sizeof(v[0]), compare);
	return v[ROUNDS / 2];
}

/* Share of time that the host of this machine took for others. */
static unsigned long long steal_ticks(void)
{
	unsigned long long v[8] = {0};
	FILE *f = fopen("/proc/stat", "re");

	if (f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
			&v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
		v[7] = 0;
	if (f)
		(void)fclose(f);
	return v[7];
}

/* One server under load. */
struct side {
	pid_t pid;
	int fd;
	double rate[ROUNDS], cpu, answers;
};

static void side_connect(struct side *s, const char *host, uint16_t port, size_t *ret_answer_len)
{
	struct endpoint_addr to;

	check(endpoint_addr_parse(&to, span_str(host), port) == 0, "address");
	s->fd = connected(&to);
	(void)load(s->fd, ret_answer_len);
	s->cpu = -cpu_us(s->pid);
}

static void side_load(struct side *s, size_t round)
{
	size_t len;

	s->rate[round] = load(s->fd, &len);
	s->answers += s->rate[round] * ROUND_US / 1e6;
}

static void side_end(struct side *s, bool ours, const char *name)
{
	s->cpu += cpu_us(s->pid);
	if (ours)
		(void)kill(s->pid, SIGKILL);
	printf("coap_get_%s %.0f 1/s\n", name, median(s->rate));
	printf("coap_get_%s_cpu %.2f us\n", name, s->cpu / s->answers);
}

static uint32_t number(const char *text)
{
	uint32_t n = 0;

	check(parse_u32(span_str(text), &n), text);
	return n;
}

int main(int argc, char **argv)
{
	unsigned long long steal = steal_ticks();
	struct side server = {0}, echo = {0}, segments = {0};
	uint16_t port = argc == 4 ? (uint16_t)number(argv[2]) : 0;
	size_t len = 0, echo_len = 0;

	server.pid = argc == 4 ? (pid_t)number(argv[3]) : start_endpoint(&port);
	side_connect(&server, argc == 4 ? argv[1] : "::1", port, &len);
	echo.pid = start_echo(len, false, &port);
	side_connect(&echo, "::1", port, &echo_len);
	segments.pid = start_echo(len, true, &port);
	side_connect(&segments, "::1", port, &echo_len);
	check(len == echo_len, "answers of equal length");
	for (size_t i = 0; i < ROUNDS; i++) {
		side_load(&server, i);
		side_load(&echo, i);
		side_load(&segments, i);
		printf("coap_get_round %.0f %.0f 1/s\n", server.rate[i], echo.rate[i]);
		printf("coap_get_segments_round %.0f %.0f 1/s\n", server.rate[i], segments.rate[i]);
	}
	side_end(&server, argc != 4, "server");
	side_end(&echo, true, "echo");
	side_end(&segments, true, "echo_segments");
	printf("coap_get_answer %zu octets\n", len);
	printf("coap_get_steal %llu ticks\n", steal_ticks() - steal);
	return 0;
}
