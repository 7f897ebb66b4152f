/* ocfctl factory import: the manufacturer's credentials of ocf-secd, checked by the rules that it
 * will check them by, then written. Works on files; no service needs to run. */
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/parse.h"
#include "crypto/x509.h"
#include "ctl.h"

#define DEFAULT_GROUP "ocf-secd"

struct import {
	struct buf chain, key, trust;
	bool url; /* the key is a URL */
	const char *dir;
	gid_t group;
};

static enum ctl_exit failed(const char *what, const char *why)
{
	(void)fprintf(stderr, "ocfctl: factory import: %s: %s\n", what, why);
	return CTL_FAILED;
}

/* The whole file, up to b->max. */
static int read_file(const char *path, struct buf *b)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *to = buf_room(b, b->max);
	size_t room = b->max;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (!to)
		return -ENOMEM;
	do {
		n = read(fd, to + b->len, room - b->len);
		b->len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && b->len < room);
	return n < 0 ? -errno : b->len == room ? -EFBIG : 0;
}

static int load_key(const struct import *i, struct x509_key **ret, const char **ret_why)
{
	char url[X509_URL_MAX + 1];

	if (!i->url)
		return x509_key_from_pem(buf_span(&i->key), ret, ret_why);
	*ret_why = "the URL is too long";
	if (span_to_str(buf_span(&i->key), url, sizeof(url)) < 0)
		return -EBADMSG;
	return x509_key_from_url(url, ret, ret_why);
}

/* NULL, or what ocf-secd would not take. The key is taken. */
static const char *judge_chain(const struct import *i, struct x509_key *key)
{
	CLEANUP(x509_own_unrefp) struct x509_own *own = NULL;
	const char *why = "out of memory";
	uint64_t from, until;

	if (x509_own_new(&own, buf_span(&i->chain), key, X509_MANUFACTURER, &why) < 0)
		return why;
	x509_chain_period(x509_own_chain(own), &from, &until);
	return until < clock_real_us() ? "certificate has expired" : NULL;
}

static const char *judge_trust(const struct import *i)
{
	CLEANUP(x509_trust_freep) struct x509_trust *trust = NULL;
	struct span rest = buf_span(&i->trust), pem;
	const char *why = "out of memory";

	if (i->trust.len == 0)
		return NULL;
	if (x509_trust_new(&trust) < 0)
		return why;
	while (x509_pem_next(&rest, &pem))
		if (x509_trust_add(trust, pem, NULL, &why) < 0)
			return why;
	return x509_trust_len(trust) == 0 ? "no certificate in PEM" : NULL;
}

/* Whole, or not at all; root's, readable for the service. */
static int write_file(int dir, const char *name, gid_t group, struct span data)
{
	CLEANUP(closep)
	int fd = openat(dir, ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (write(fd, data.ptr, data.len) != (ssize_t)data.len)
		return errno ? -errno : -EIO;
	if (fchown(fd, 0, group) < 0 || fchmod(fd, 0640) < 0 || fsync(fd) < 0 ||
	    renameat(dir, ".new", dir, name) < 0)
		return -errno;
	return 0;
}

static int remove_file(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int write_all(const struct import *i)
{
	CLEANUP(closep) int dir = -1;
	int r;

	if (mkdir(i->dir, 0750) < 0 && errno != EEXIST)
		return -errno;
	dir = open(i->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fchown(dir, 0, i->group) < 0 || fchmod(dir, 0750) < 0)
		return -errno;
	r = remove_file(dir, i->url ? "key.pem" : "key.url");
	if (r == 0)
		r = write_file(dir, i->url ? "key.url" : "key.pem", i->group, buf_span(&i->key));
	if (r == 0)
		r = i->trust.len ? write_file(dir, "trust.pem", i->group, buf_span(&i->trust))
				 : remove_file(dir, "trust.pem");
	if (r == 0) /* last: without it nothing is there */
		r = write_file(dir, "chain.pem", i->group, buf_span(&i->chain));
	return r < 0 ? r : fsync(dir) < 0 ? -errno : 0;
}

/* A key in a token has no file. */
static bool is_url(const char *key)
{
	return strchr(key, ':') && access(key, F_OK) < 0;
}

static enum ctl_exit read_all(const struct ctl *ctl, struct import *i)
{
	int r = read_file(ctl->factory.cert, &i->chain);

	if (r < 0)
		return failed(ctl->factory.cert, strerror(-r));
	i->url = is_url(ctl->factory.key);
	if (i->url)
		buf_put_str(&i->key, ctl->factory.key);
	else
		r = read_file(ctl->factory.key, &i->key);
	if (r < 0)
		return failed(ctl->factory.key, strerror(-r));
	r = ctl->factory.trust ? read_file(ctl->factory.trust, &i->trust) : 0;
	return r < 0 ? failed(ctl->factory.trust, strerror(-r)) : CTL_OK;
}

static enum ctl_exit import(const struct ctl *ctl, struct import *i)
{
	enum ctl_exit e = read_all(ctl, i);
	struct x509_key *key = NULL;
	const char *why = "out of memory";
	int r;

	if (e != CTL_OK)
		return e;
	if (load_key(i, &key, &why) < 0)
		return failed("the key", why); /* its URL may hold a PIN */
	why = judge_chain(i, key);
	if (why)
		return failed(ctl->factory.cert, why);
	why = judge_trust(i);
	if (why)
		return failed(ctl->factory.trust, why);
	r = write_all(i);
	if (r < 0)
		return failed(i->dir, strerror(-r));
	(void)printf("The factory's credentials are in %s; ocf-secd takes them when it starts.\n",
		     i->dir);
	return CTL_OK;
}

static void import_done(struct import *i)
{
	buf_done(&i->chain);
	buf_done(&i->key);
	buf_done(&i->trust);
}

/* By number for the image of another system. */
static bool find_group(const char *name, gid_t *ret)
{
	const struct group *group = getgrnam(name);

	if (group)
		*ret = group->gr_gid;
	return group || parse_u32(span_str(name), ret);
}

enum ctl_exit ctl_factory_import(struct ctl *ctl)
{
	const char *name = ctl->factory.group ? ctl->factory.group : DEFAULT_GROUP;
	CLEANUP(import_done)
	struct import i = {
		.chain = BUF_INIT(X509_PEM_MAX),
		.key = {.max = X509_PEM_MAX, .secret = true},
		.trust = BUF_INIT(X509_PEM_MAX),
		.dir = ctl->factory.dir ? ctl->factory.dir : DEFAULT_FACTORY_DIR,
	};

	if (!ctl->factory.cert || !ctl->factory.key) {
		(void)fprintf(stderr, "ocfctl: factory import: --cert and --key are needed\n");
		return CTL_USAGE;
	}
	if (geteuid() != 0) {
		(void)fprintf(stderr, "ocfctl: factory import: only root may do this\n");
		return CTL_REFUSED;
	}
	if (!find_group(name, &i.group))
		return failed(name, "no such group");
	return import(ctl, &i);
}
