#include "base/clock.h"
#include "crypto/jwk.h"
#include "files.h"
#include "verbs.h"

static int parse_key(struct span text, bool want_private, struct key **ret, const char **ret_why)
{
	static const struct jsn_limits LIMITS = {.bytes = JWK_FILE_MAX, .depth = JWK_DEPTH_MAX};
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	enum jwk_fault f;

	if (!span_starts(text, "{"))
		return key_import_pem(text, ret, ret_why);
	*ret_why = "not strict JSON";
	if (jsn_parse(text, &LIMITS, &jwk) != JSN_OK)
		return -EBADMSG;
	f = want_private || jwk_has_secret(jwk) ? jwk_import_private(jwk, ret, ret_why)
						: jwk_import(jwk, ret, ret_why);
	return f == JWK_OK ? 0 : -EBADMSG;
}

static int read_key(const char *path, bool want_private, struct key **ret)
{
	struct buf text = {.max = JWK_FILE_MAX, .secret = true};
	const char *why = "";
	int r = want_private ? files_read_secret(path, &text) : files_read(path, &text);

	if (r == -EPERM)
		cli_say("%s: others can read it; chmod 600 it first", path);
	else if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	if (r == 0) {
		r = parse_key(buf_span(&text), want_private, ret, &why);
		if (r < 0)
			cli_say("%s: %s", path, why);
	}
	buf_done(&text);
	return r;
}

static int read_token(const char *url, struct key **ret)
{
	const char *why = "";
	int r = key_import_url(url, ret, &why);

	if (r < 0)
		cli_say("key in a token: %s", why); /* the URL may hold a PIN */
	return r;
}

int key_read_private(const char *path, struct key **ret)
{
	if (key_is_url(path))
		return read_token(path, ret);
	return read_key(path, true, ret);
}

int key_read_public(const char *path, struct key **ret)
{
	CLEANUP(key_freep) struct key *k = NULL;
	int r;

	if (key_is_url(path))
		return read_token(path, ret);
	r = read_key(path, false, &k);

	/* A private file is only touched if it is kept as one. */
	if (r == 0 && key_is_private(k)) {
		k = key_free(k);
		r = read_key(path, true, &k);
	}
	if (r < 0)
		return r;
	*ret = k;
	k = NULL;
	return 0;
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

/* A file with a secret half or a symmetric key in it must be kept as one; `warn`: should be. */
static int read_enc_key(const char *path, bool want_secret, bool warn, struct enc_key **ret)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	struct buf text CLEANUP(buf_done) = {.max = JWK_FILE_MAX, .secret = true};
	const char *why = "";
	int r = files_read(path, &text);

	if (r == 0)
		r = enc_key_parse(buf_span(&text), &k, &why);
	if (r == 0 && enc_key_is_secret(k)) {
		buf_reset(&text);
		r = files_read_secret(path, &text);
		if (r == -EPERM && warn) {
			cli_warn("%s: others can read it", path);
			r = 0;
		}
	} else if (r == 0 && want_secret) {
		why = "a private or symmetric key is needed";
		r = -EBADMSG;
	}
	if (r == -EPERM)
		why = "others can read it; chmod 600 it first";
	if (r < 0) {
		cli_say("%s: %s", path, *why != '\0' ? why : strerror(-r));
		return r;
	}
	*ret = k;
	k = NULL;
	return 0;
}

int enc_key_read(const char *path, bool want_secret, struct enc_key **ret)
{
	return read_enc_key(path, want_secret, false, ret);
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

int json_read(const char *path, size_t bytes, unsigned depth, struct jsn **ret)
{
	const struct jsn_limits limits = {.bytes = bytes, .depth = depth};
	struct buf text = BUF_INIT(bytes);
	int r = files_read(path, &text);

	if (r < 0) {
		cli_say("%s: %s", path, strerror(-r));
	} else if (jsn_parse(buf_span(&text), &limits, ret) != JSN_OK) {
		cli_say("%s: not strict JSON of at most %zu octets", path, bytes);
		r = -EBADMSG;
	}
	buf_done(&text);
	return r;
}

int json_write(const char *path, const struct jsn *v, enum jsn_style style, unsigned mode)
{
	struct buf text = {.max = JWK_FILE_MAX + 6 * MANIFEST_BYTES_MAX, /* an escape has six */
			   .secret = mode == FILES_SECRET};
	int r = v ? jsn_write(v, style, &text) : -ENOMEM;

	buf_put_byte(&text, '\n');
	if (r == 0)
		r = buf_ok(&text) ? 0 : -ENOMEM;
	if (r == 0)
		r = mode == FILES_SECRET ? files_create(path, buf_span(&text), mode)
					 : files_write(path, buf_span(&text), mode);
	buf_done(&text);
	if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	else if (strcmp(path, "-") == 0)
		cli_answered();
	return r;
}

enum cli_exit json_print(struct jsn *v)
{
	int r = json_write("-", v, JSN_PRETTY, FILES_PUBLIC);

	(void)jsn_free(v);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static const char *out_path(const struct cli *cli)
{
	return cli_value(cli, "out") ? cli_value(cli, "out") : "-";
}

int output_report(const struct cli *cli, const char *path)
{
	struct jsn *report;

	if (!cli->json || strcmp(path, "-") == 0)
		return 0;
	report = jsn_new_object();
	jsn_set_str(report, "out", path);
	return json_print(report) == CLI_OK ? 0 : -EIO;
}

int output_octets(const struct cli *cli, struct span octets)
{
	int r = files_write(out_path(cli), octets, FILES_PUBLIC);

	if (r < 0)
		cli_say("%s: %s", out_path(cli), strerror(-r));
	return r < 0 ? r : output_report(cli, out_path(cli));
}

int output_json(const struct cli *cli, const struct jsn *v, enum jsn_style style)
{
	int r = json_write(out_path(cli), v, style, FILES_PUBLIC);

	return r < 0 ? r : output_report(cli, out_path(cli));
}

bool devices_take(const struct manifest *m, const struct trust *trust, const struct enc_ring *ring,
		  struct span octets)
{
	const struct fw_context ctx = {
		.manufacturer = m->manufacturer,
		.model = m->model,
		.hardware = m->hardware ? jsn_str(jsn_at(m->hardware, 0)) : NULL,
		.clock_trusted = true,
		.now_us = clock_real_us(),
		.direct = m->direct,
		.ring = ring,
	};
	struct fw_judgement j;
	enum fw_error e;

	fw_judge(&ctx, trust, octets, &j);
	e = j.error == FWE_MANIFEST_PRECURSOR_MISMATCH ? FWE_OK : j.error;
	if (j.warning != FWE_OK)
		cli_warn("%s", fw_error_name(j.warning));
	fw_judgement_done(&j);
	if (e != FWE_OK)
		cli_refuse("devices would refuse it", e);
	return e == FWE_OK;
}
