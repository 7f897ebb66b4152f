#include "coap_trust.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/parse.h"
#include "codec/b64.h"
#include "crypto/hash.h"

#define FILE_MAX ((size_t)256) /* octets of "identity:hexadecimal" */
#define KEY_MIN  ((size_t)16)
#define SHA256   ((size_t)32)
#define PEM_MAX  ((size_t)256 * 1024) /* octets of a file of authorities */

static int read_line(const char *path, char ret[FILE_MAX])
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (st.st_mode & S_IRWXO) != 0)
		return -EPERM;
	n = read(fd, ret, FILE_MAX - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

/* As psktool(1) writes it. */
static int parse_key(const char *line, struct secret *ret, char ret_identity[DTLS_IDENTITY_MAX + 1])
{
	struct span hex = span_str(line), identity = span_cut(&hex, ':');

	if (identity.len == 0 || hex.len < 2 * KEY_MIN || hex.len > 2 * SECRET_MAX ||
	    span_to_str(identity, ret_identity, DTLS_IDENTITY_MAX + 1) < 0 ||
	    !hex_decode(hex, ret->b, hex.len / 2))
		return -EBADMSG;
	ret->len = hex.len / 2;
	return 0;
}

int coap_offer(const struct config *config, const char *host, struct dtls_offer *ret,
	       char ret_identity[DTLS_IDENTITY_MAX + 1])
{
	char path[CONFIG_WORD_MAX], pins[CONF_TEXT_MAX], line[FILE_MAX];
	int r;

	*ret = (struct dtls_offer){.profile = DTLS_MFG};
	config_find_all(config->pins, span_str(host), ' ', pins);
	if (!config_find(config->keys, span_str(host), path))
		return pins[0] || config_find(config->authorities, span_str(host), path) ? 0
											 : -ENOKEY;
	ret->profile = DTLS_NORMAL;
	r = read_line(path, line);
	if (r == 0)
		r = parse_key(line, &ret->key, ret_identity);
	if (r == 0)
		ret->identity = span_str(ret_identity);
	explicit_bzero(line, sizeof(line));
	return r;
}

void coap_offer_done(struct dtls_offer *offer)
{
	secret_wipe(&offer->key);
}

static bool pin_fits(const char *pins, const struct x509_chain *chain)
{
	/* SubjectPublicKeyInfo of a P-256 key (RFC 5480 2), up to the point. */
	static const uint8_t HEAD[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
				       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
				       0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
	uint8_t key[sizeof(HEAD) + sizeof(struct x509_point)], digest[SHA256];
	struct span rest = span_str(pins), text;

	memcpy(key, HEAD, sizeof(HEAD));
	memcpy(key + sizeof(HEAD), x509_chain_key(chain)->b, sizeof(struct x509_point));
	if (hash_once(HASH_SHA256, span_of(key, sizeof(key)), digest) < 0)
		return false;
	while (span_word(&rest, &text)) {
		CLEANUP(buf_done) struct buf pin = BUF_INIT(SHA256);

		if (b64_decode_padded(span_skip(text, strlen(CONFIG_PIN)), &pin) == 0 &&
		    span_eq(buf_span(&pin), span_of(digest, sizeof(digest))))
			return true;
	}
	return false;
}

/* Those of the file that can vouch for a server by our rules; it may hold others. */
static int load_authorities(const char *path, struct x509_trust *t, const char **ret_why)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(buf_done) struct buf pem = BUF_INIT(PEM_MAX);
	int r = fd < 0 ? -errno : buf_put_file(&pem, fd);
	struct span rest = buf_span(&pem), one;

	*ret_why = "the file of its authorities cannot be read";
	while (r == 0 && x509_pem_next(&rest, &one)) {
		r = x509_trust_add(t, one, NULL, ret_why);
		if (r == -EBADMSG)
			r = 0;
		else if (r == -ENOSPC)
			*ret_why = "there are too many authorities in the file";
	}
	return r;
}

static int judge_chain(const char *path, const char *host, const struct x509_chain *chain,
		       const char **ret_why)
{
	const struct x509_time now = {.us = clock_real_us(), .trusted = true};
	CLEANUP(x509_trust_freep) struct x509_trust *trust = NULL;
	int r = x509_trust_new(&trust);

	*ret_why = "out of memory";
	if (r == 0)
		r = load_authorities(path, trust, ret_why);
	if (r == 0)
		r = x509_verify(chain, X509_SERVER, trust, &now, ret_why);
	if (r < 0 || x509_chain_is_for(chain, host))
		return r;
	*ret_why = "the certificate is for another host";
	return -EKEYREJECTED;
}

int coap_judge(const struct config *config, const char *host, const struct x509_chain *chain,
	       const char **ret_why)
{
	char path[CONFIG_WORD_MAX], pins[CONF_TEXT_MAX];

	config_find_all(config->pins, span_str(host), ' ', pins);
	*ret_why = "the key is none of those that are pinned";
	if (pins[0] && !pin_fits(pins, chain))
		return -EKEYREJECTED;
	if (config_find(config->authorities, span_str(host), path))
		return judge_chain(path, host, chain, ret_why);
	return pins[0] ? 0 : -EKEYREJECTED;
}
