#include "crypto/jwk.h"
#include "files.h"
#include "verbs.h"

static int parse_key(struct span text, struct key **ret, const char **ret_why)
{
	static const struct jsn_limits LIMITS = {.bytes = JWK_FILE_MAX, .depth = JWK_DEPTH_MAX};
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	enum jwk_fault f;

	if (!span_starts(text, "{"))
		return key_import_pem(text, ret, ret_why);
	*ret_why = "not strict JSON";
	if (jsn_parse(text, &LIMITS, &jwk) != JSN_OK)
		return -EBADMSG;
	f = jwk_has_secret(jwk) ? jwk_import_private(jwk, ret, ret_why)
				: jwk_import(jwk, ret, ret_why);
	return f == JWK_OK ? 0 : -EBADMSG;
}

struct key_file {
	struct buf text;
	bool is_open; /* others than its owner may read it */
};

static int load(const char *path, struct key_file *ret)
{
	int r;

	*ret = (struct key_file){
		.text = {.max = JWK_FILE_MAX, .secret = true}
        };
	r = files_read_key(path, &ret->text, &ret->is_open);
	if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	return r;
}

static void unload(struct key_file *f)
{
	buf_done(&f->text);
}

static int refuse(const char *path, const char *why)
{
	cli_say("%s: %s", path, why);
	return -EBADMSG;
}

/* What holds a secret must be kept as one. */
static int check_secret(const char *path, const struct key_file *f, bool is_secret)
{
	return is_secret && f->is_open ? refuse(path, "others can read it; chmod 600 it first") : 0;
}

static int take_key(const char *path, const struct key_file *f, bool want_private, struct key **ret)
{
	CLEANUP(key_freep) struct key *k = NULL;
	const char *why = "";

	if (parse_key(buf_span(&f->text), &k, &why) < 0)
		return refuse(path, why);
	if (want_private && !key_is_private(k))
		return refuse(path, "the private key is needed");
	if (check_secret(path, f, key_is_private(k)) < 0)
		return -EPERM;
	*ret = k;
	k = NULL;
	return 0;
}

static int read_key(const char *path, bool want_private, struct key **ret)
{
	CLEANUP(unload) struct key_file f;
	int r = load(path, &f);

	return r < 0 ? r : take_key(path, &f, want_private, ret);
}

int key_read_private(const char *path, struct key **ret)
{
	if (key_is_url(path))
		return token_read(path, ret);
	return read_key(path, true, ret);
}

int key_read_public(const char *path, struct key **ret)
{
	return key_is_url(path) ? token_read(path, ret) : read_key(path, false, ret);
}

int trust_read(const char *path, struct trust **ret)
{
	struct buf text = BUF_INIT(JWK_FILE_MAX);
	int r = files_read(path, &text);
	char error[128] = "";

	if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	if (r == 0) {
		r = trust_parse(buf_span(&text), ret, error, sizeof(error));
		if (r < 0)
			cli_say("%s: %s", path, error);
	}
	buf_done(&text);
	return r;
}

static int take_enc_key(const char *path, const struct key_file *f, bool want_secret,
			bool may_be_open, struct enc_key **ret)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	const char *why = "";

	if (enc_key_parse(buf_span(&f->text), &k, &why) < 0)
		return refuse(path, why);
	if (want_secret && !enc_key_is_secret(k))
		return refuse(path, "a private or symmetric key is needed");
	if (may_be_open && f->is_open)
		cli_warn("%s: others can read it", path);
	else if (check_secret(path, f, enc_key_is_secret(k)) < 0)
		return -EPERM;
	*ret = k;
	k = NULL;
	return 0;
}

static int read_enc_key(const char *path, bool want_secret, bool may_be_open, struct enc_key **ret)
{
	CLEANUP(unload) struct key_file f;
	int r = load(path, &f);

	return r < 0 ? r : take_enc_key(path, &f, want_secret, may_be_open, ret);
}

int enc_key_read(const char *path, struct enc_key **ret)
{
	return read_enc_key(path, false, false, ret);
}

/* Says its alg that it is one for encryption? */
static bool is_for_encryption(struct span text)
{
	static const struct jsn_limits LIMITS = {.bytes = JWK_FILE_MAX, .depth = JWK_DEPTH_MAX};
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	enum enc_alg alg;

	return jsn_parse(text, &LIMITS, &jwk) == JSN_OK &&
	       enc_alg_from_name(jsn_text(jsn_get(jwk, "alg")), &alg);
}

static struct jsn *take_public(const char *path, const struct key_file *f)
{
	CLEANUP(enc_key_freep) struct enc_key *enc = NULL;
	CLEANUP(key_freep) struct key *sig = NULL;
	struct jsn *jwk;

	if (!is_for_encryption(buf_span(&f->text)))
		return take_key(path, f, false, &sig) < 0 ? NULL : jwk_export(sig);
	if (take_enc_key(path, f, false, false, &enc) < 0)
		return NULL;
	jwk = enc_key_export(enc, false);
	if (!jwk)
		cli_say("%s: a symmetric key has no public half", path);
	return jwk;
}

struct jsn *public_read(const char *path)
{
	CLEANUP(key_freep) struct key *sig = NULL;
	CLEANUP(unload) struct key_file f = {0};

	if (key_is_url(path))
		return token_read(path, &sig) < 0 ? NULL : jwk_export(sig);
	return load(path, &f) < 0 ? NULL : take_public(path, &f);
}

int ring_read(const struct cli *cli, struct ring *ret)
{
	const struct cli_values *files = cli_values(cli, "decrypt-key");

	if (files->n > ENC_KEYS_MAX) {
		cli_say("--decrypt-key: at most %zu", ENC_KEYS_MAX);
		return -E2BIG;
	}
	for (size_t i = 0; i < files->n; i++) {
		int r = read_enc_key(files->at[i], true, ret->may_be_open, &ret->own[i]);

		if (r < 0)
			return r;
		ret->keys.keys[ret->keys.n++] = ret->own[i];
	}
	return 0;
}

void ring_done(struct ring *r)
{
	for (size_t i = 0; i < r->keys.n; i++)
		r->own[i] = enc_key_free(r->own[i]);
	r->keys.n = 0;
}
