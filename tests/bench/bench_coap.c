/* Plain GET of /oic/sec/doxm with 32 in flight, against a bare UDP echo with answers of the same
 * length and the same batching, in turns. Prints "name value unit" lines; those called round hold
 * our value and the echo's.
 *
 * usage: bench_coap [ADDRESS PORT PID]  the server to measure; default: an endpoint alone, whose
 *                                       application answers 180 octets */
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

static void echo_loop(int fd, size_t answer_len)
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

static pid_t start_echo(size_t answer_len, uint16_t *ret_port)
{
	int fd = bound_socket(ret_port);
	pid_t pid = fork();

	check(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		echo_loop(fd, answer_len);
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

int main(int argc, char **argv)
{
	double ours[ROUNDS], echo[ROUNDS], ratio[ROUNDS], ours_cpu, echo_cpu, ours_n = 0,
									      echo_n = 0;
	unsigned long long steal = steal_ticks();
	struct endpoint_addr to;
	size_t len = 0, echo_len;
	uint16_t port = 0, echo_port;
	uint32_t number = 0;
	pid_t server, floor;
	int fd, echo_fd;

	if (argc == 4) {
		check(parse_u32(span_str(argv[2]), &number), "PORT");
		port = (uint16_t)number;
		check(parse_u32(span_str(argv[3]), &number), "PID");
		server = (pid_t)number;
	} else {
		server = start_endpoint(&port);
	}
	check(endpoint_addr_parse(&to, span_str(argc == 4 ? argv[1] : "::1"), port) == 0,
	      "address");
	fd = connected(&to);
	(void)load(fd, &len);
	floor = start_echo(len, &echo_port);
	check(endpoint_addr_parse(&to, SPAN_LIT("::1"), echo_port) == 0, "address");
	echo_fd = connected(&to);
	(void)load(echo_fd, &echo_len);
	check(len == echo_len, "answers of equal length");

	ours_cpu = cpu_us(server);
	echo_cpu = cpu_us(floor);
	for (size_t i = 0; i < ROUNDS; i++) {
		ours[i] = load(fd, &len);
		echo[i] = load(echo_fd, &len);
		ratio[i] = ours[i] / echo[i];
		printf("coap_get_round %.0f %.0f 1/s\n", ours[i], echo[i]);
		ours_n += ours[i] * ROUND_US / 1e6;
		echo_n += echo[i] * ROUND_US / 1e6;
	}
	ours_cpu = cpu_us(server) - ours_cpu;
	echo_cpu = cpu_us(floor) - echo_cpu;
	(void)kill(floor, SIGKILL);
	if (argc != 4)
		(void)kill(server, SIGKILL);
	printf("coap_get_rate %.0f 1/s\n", median(ours));
	printf("coap_get_floor %.0f 1/s\n", median(echo));
	printf("coap_get_ratio %.2f x\n", median(ratio));
	printf("coap_get_cpu %.2f us\n", ours_cpu / ours_n);
	printf("coap_get_cpu_floor %.2f us\n", echo_cpu / echo_n);
	printf("coap_get_answer %zu octets\n", len);
	printf("coap_get_steal %llu ticks\n", steal_ticks() - steal);
	return 0;
}
