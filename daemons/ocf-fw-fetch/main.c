/* ocf-fw-fetch - the only program with an HTTP client. It writes no file, and has no key but those
 * that fw-fetch.conf names for coaps.
 *
 * Started with a connection to ocf-fwupd (lib/child/proto.h) as descriptor 3: by systemd, one
 * instance a connection, or by lib/child. It answers one FETCH after the other. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "child/confine.h"
#include "child/proto.h"
#include "coap.h"
#include "http.h"
#include "lookup.h"

/* What the resolver and the certificate check read. */
static const struct confine_path PATHS[] = {
	{"/etc/resolv.conf",                 CONFINE_READ},
	{"/etc/hosts",		       CONFINE_READ},
	{"/etc/host.conf",                   CONFINE_READ},
	{"/etc/nsswitch.conf",               CONFINE_READ},
	{"/etc/gai.conf",                    CONFINE_READ},
	{"/etc/services",                    CONFINE_READ},
	{"/etc/localtime",                   CONFINE_READ},
	{"/etc/ld.so.cache",                 CONFINE_READ},
	{"/etc/gnutls",                      CONFINE_READ},
	{"/etc/ssl/certs",                   CONFINE_READ},
	{"/etc/pki/tls",                     CONFINE_READ},
	{"/usr/share/ca-certificates",       CONFINE_READ},
	{"/usr/local/share/ca-certificates", CONFINE_READ},
	{"/usr/lib",			 CONFINE_READ},
	{"/usr/lib64",		       CONFINE_READ},
	{"/lib",			     CONFINE_READ},
	{"/lib64",			   CONFINE_READ},
	{"/run/systemd/resolve",             CONFINE_READ},
	{"/run/resolvconf",                  CONFINE_READ},
	{"/run/connman",                     CONFINE_READ},
	{"/run/NetworkManager/resolv.conf",  CONFINE_READ},
	{"/dev/urandom",                     CONFINE_READ},
};

#define CALL(name)                                                                                 \
	{                                                                                          \
		.nr = __NR_##name                                                                  \
	}
#define SOCKET(family)                                                                             \
	{                                                                                          \
		__NR_socket, 0, UINT32_MAX, family                                                 \
	}
#define READ_ONLY (O_ACCMODE | O_CREAT | O_TRUNC)

static const struct confine_call CALLS[] = {
	CALL(fdatasync),
	CALL(ppoll),
	CALL(recvfrom),
	CALL(sendto),
	CALL(sendmmsg),
	CALL(recvmmsg),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_pwait),
	CALL(connect),
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(getsockname),
	CALL(getpeername),
	CALL(bind), /* the resolver's question to netlink: which addresses have we? */
	SOCKET(AF_INET),
	SOCKET(AF_INET6),
	SOCKET(AF_UNIX), /* nscd, systemd-resolved; and libcurl's own wake-up */
	SOCKET(AF_NETLINK),
	CALL(socketpair),
	CALL(pipe2),
	CALL(splice),
	CALL(eventfd2),
	{__NR_ioctl,  1,                   UINT32_MAX,   FIONREAD    },
	{__NR_ioctl,  1,                   UINT32_MAX,   FIONBIO     },
	{__NR_ioctl,  1,                   UINT32_MAX,   SIOCGIFINDEX},
	{__NR_openat, 2,                   READ_ONLY,    O_RDONLY    },
	CALL(getdents64),
	CALL(statx),
	CALL(faccessat),
	CALL(readlinkat),
	CALL(pread64),
	CALL(clock_nanosleep),
 /* The resolver's thread. */
	{__NR_clone,  CONFINE_CLONE_FLAGS, CLONE_THREAD, CLONE_THREAD},
	CALL(set_robust_list),
	CALL(rseq),
	CALL(shutdown),
#ifdef __NR_epoll_wait
	CALL(epoll_wait),
#endif
#ifdef __NR_recvmmsg_time64
	CALL(recvmmsg_time64),
#endif
#ifdef __NR_poll
	CALL(poll),
#endif
#ifdef __NR_open
	{__NR_open,   1,                   READ_ONLY,    O_RDONLY    },
	CALL(stat),
	CALL(access),
	CALL(readlink),
#endif
#ifdef __NR_ppoll_time64
	CALL(ppoll_time64),
#endif
};

#define CONFIG_FILE "/etc/ocfgw/fw-fetch.conf"

struct paths {
	struct confine_path
		at[ARRAY_SIZE(PATHS) + CONF_TEXT_MAX / 2]; /* "a=/b" and a blank, twice */
	char text[CONF_TEXT_MAX / 2][CONFIG_WORD_MAX];
	size_t n, n_text;
};

static void add_path(void *arg, const char *file)
{
	struct paths *p = arg;
	char *text = p->text[p->n_text++];

	(void)snprintf(text, CONFIG_WORD_MAX, "%s", file);
	p->at[p->n++] = (struct confine_path){text, CONFINE_READ};
}

static int confine(const struct config *config)
{
	static struct paths paths;
	int r;

	memcpy(paths.at, PATHS, sizeof(PATHS));
	paths.n = ARRAY_SIZE(PATHS);
	config_each(config->authorities, add_path, &paths);
	config_each(config->keys, add_path, &paths);
	r = confine_files(paths.at, paths.n);
	if (r == -EOPNOTSUPP)
		log_warning("fetch: this kernel has no Landlock: files are kept away by user only");
	else if (r < 0)
		return r;
	r = confine_calls(CALLS, ARRAY_SIZE(CALLS));
	if (r == -EOPNOTSUPP)
		log_warning("fetch: this kernel has no seccomp filter");
	return r == -EOPNOTSUPP ? 0 : r;
}

static void log_fetched(const struct proto_fetched *f)
{
	log_info("fetch: %s url=%s status=%u octets=%llu%s%s",
		 f->error == FWE_OK ? "done" : fw_error_name(f->error), f->url, f->status,
		 (unsigned long long)f->octets, f->text[0] ? " " : "", f->text);
}

/* False: that host is not to be found, and *ret says so. */
static bool look_up(struct proto_fetch *f, struct proto_fetched *ret)
{
	int r = lookup(f, PROTO_FD);

	if (r == 0)
		return true;
	*ret = (struct proto_fetched){.error = r == -ECANCELED ? FWE_INSTALL_CANCELLED
							       : FWE_FETCH_CONNECT_FAILED};
	proto_text(ret->url, sizeof(ret->url), f->url);
	proto_text(ret->text, sizeof(ret->text),
		   r == -ENOENT ? "the link does not know the name"
				: "no name server of the link answers");
	return false;
}

static int answer(struct http *h, const struct config *config, struct proto_fetch *f,
		  struct ranges *ranges, int body)
{
	static struct proto_msg m = {.type = PROTO_FETCHED};
	int r;

	if (look_up(f, &m.fetched)) {
		if (strncasecmp(f->url, "coap", 4) == 0)
			coap_get(config, f, ranges, body, PROTO_FD, &m.fetched);
		else
			http_get(h, f, ranges, body, PROTO_FD, &m.fetched);
	}
	log_fetched(&m.fetched);
	r = proto_send(PROTO_FD, &m, -1);
	return r == -EPIPE ? 0 : r;
}

/* One request: a FETCH, which RANGES may precede. 0: the end of the connection. */
static int serve_one(struct http *h, const struct config *config)
{
	static struct proto_msg m;
	CLEANUP(closep) int file = -1;
	CLEANUP(closep) int body = -1;
	struct ranges ranges;
	uint32_t n = 0;
	int r = proto_recv(PROTO_FD, &m, &body, true);

	if (r > 0 && m.type == PROTO_RANGES) {
		n = m.ranges.n;
		file = fd_take(&body);
		r = proto_recv(PROTO_FD, &m, &body, true);
	}
	if (r <= 0)
		return r;
	if (m.type != PROTO_FETCH)
		return -EBADMSG;
	ranges_open(&ranges, file, n, m.fetch.limit);
	r = answer(h, config, &m.fetch, file >= 0 ? &ranges : NULL, body);
	return r < 0 ? r : 1;
}

static int run(const char *config_file)
{
	CLEANUP(http_freep) struct http *h = NULL;
	static struct config config;
	char why[512];
	int r = config_load(config_file, &config, why, sizeof(why));

	if (r < 0) {
		log_error("fetch: %s", why);
		return r;
	}
	r = http_new(&h, &config);
	if (r == 0)
		r = confine(&config);
	if (r == 0)
		do
			r = serve_one(h, &config);
		while (r > 0);
	if (r < 0)
		log_error("fetch: %s", strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc > 2 || fstat(PROTO_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		(void)fputs("ocf-fw-fetch is started by ocf-fwupd, not by hand\n", stderr);
		return EXIT_FAILURE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return run(argc == 2 ? argv[1] : CONFIG_FILE) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
