#include "factory.h"

#include <fcntl.h>
#include <sys/stat.h>

static void bufp(struct buf *b)
{
	buf_done(b);
}

/* The whole file, up to b->max. `closed`: nobody else may read it. -ENOENT; -EACCES, -EFBIG. */
static int read_file(int dir, const char *name, bool closed, struct buf *b)
{
	CLEANUP(closep) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	uint8_t *to;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (closed && st.st_mode & S_IRWXO))
		return -EACCES;
	if (st.st_size < 0 || (size_t)st.st_size > b->max)
		return -EFBIG;
	to = buf_room(b, (size_t)st.st_size);
	if (!to)
		return -ENOMEM;
	n = read(fd, to, (size_t)st.st_size);
	if (n < 0)
		return -errno;
	b->len += (size_t)n;
	return 0;
}

/* A URL of one line, or the key itself. */
static int load_key(int dir, struct x509_key **ret, const char **ret_why)
{
	CLEANUP(bufp) struct buf b = {.max = X509_PEM_MAX, .secret = true};
	char url[X509_URL_MAX + 1];
	struct span line;
	int r = read_file(dir, "key.pem", true, &b);

	if (r == 0)
		return x509_key_from_pem(buf_span(&b), ret, ret_why);
	if (r != -ENOENT)
		return r;
	r = read_file(dir, "key.url", true, &b); /* it may hold a PIN */
	if (r < 0)
		return r;
	line = buf_span(&b);
	*ret_why = "not the URL of a key in a token";
	r = span_to_str(span_cut(&line, '\n'), url, sizeof(url));
	r = r < 0 ? -EBADMSG : x509_key_from_url(url, ret, ret_why);
	explicit_bzero(url, sizeof(url));
	return r;
}

static void add(struct factory *f, struct span pem, bool trustca)
{
	struct svr_factory *c = &f->creds[f->n];

	*c = (struct svr_factory){
		.credid = FACTORY_CREDID + (uint32_t)f->n, .trustca = trustca, .pem = pem};
	c->any = trustca || !x509_chain_uuid(x509_own_chain(f->own), &c->subject);
	f->n++;
}

/* Each CA certificate is a credential of its own. */
static int load_trust(struct factory *f, int dir, const char **ret_why)
{
	CLEANUP(x509_trust_freep) struct x509_trust *judge = NULL;
	struct span rest, pem;
	int r = read_file(dir, "trust.pem", false, &f->trust);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = x509_trust_new(&judge);
	rest = buf_span(&f->trust);
	while (r == 0 && x509_pem_next(&rest, &pem)) {
		*ret_why = "too many CA certificates";
		r = f->n == ARRAY_SIZE(f->creds) ? -EBADMSG
						 : x509_trust_add(judge, pem, NULL, ret_why);
		if (r == 0)
			add(f, pem, true);
	}
	return r;
}

static int load(struct factory *f, const char *path, const char **ret_why)
{
	CLEANUP(closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct x509_key *key = NULL;
	int r;

	if (dir < 0)
		return -errno;
	r = read_file(dir, "chain.pem", false, &f->chain);
	if (r < 0)
		return r;
	r = load_key(dir, &key, ret_why);
	if (r == 0)
		r = x509_own_new(&f->own, buf_span(&f->chain), key, X509_MANUFACTURER, ret_why);
	else if (r == -ENOENT)
		*ret_why = "there is no key.pem or key.url";
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	add(f, buf_span(&f->chain), false);
	return load_trust(f, dir, ret_why);
}

int factory_load(struct factory *ret, const char *dir, const char **ret_why)
{
	int r;

	*ret = (struct factory){.chain = BUF_INIT(X509_PEM_MAX), .trust = BUF_INIT(X509_PEM_MAX)};
	r = load(ret, dir, ret_why);
	if (r < 0)
		factory_done(ret);
	return r == -EBADMSG ? -EINVAL : r;
}

void factory_done(struct factory *f)
{
	f->own = x509_own_unref(f->own);
	buf_done(&f->chain);
	buf_done(&f->trust);
	f->n = 0;
}
