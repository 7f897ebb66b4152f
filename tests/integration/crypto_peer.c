/* lib/crypto behind a pipe: one request a line, words in base64url ("-" is empty), one answer a
 * line.
 *
 *   open TRUST KEY MESSAGE         -> ok PAYLOAD | error NAME
 *   decrypt KEY MESSAGE            -> ok PLAINTEXT | error NAME
 *   image IKM STREAM               -> ok IMAGE | error
 *   jws KEY PAYLOAD                -> ok MESSAGE (flattened)
 *   sign1 KEY PAYLOAD, sign KEY PAYLOAD (twice by that key)
 *   jwe KEY CONTENT PLAINTEXT, encrypt KEY CONTENT PLAINTEXT, seal IKM IMAGE
 *   thumbprint JWK
 *   form OCTETS                    -> ok | error NAME: as the payload of a COSE manifest */
#include <stdio.h>

#include "codec/b64.h"
#include "codec/cbd.h"
#include "crypto/cose_encrypt.h"
#include "crypto/ece.h"
#include "crypto/jwe.h"
#include "tests/signing.h"

#define WORDS    4
#define LINE_MAX ((size_t)4 * 1024 * 1024)

static void answer(struct span octets)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(LINE_MAX);

	b64_encode(octets, &text);
	printf("ok %.*s\n", (int)text.len, text.len ? (const char *)text.ptr : "");
}

static void refuse(const char *name)
{
	printf("error %s\n", name);
}

static struct jsn *json_of(struct span text)
{
	struct jsn *v = NULL;

	return jsn_parse(text, &(struct jsn_limits){LINE_MAX, 16}, &v) == JSN_OK ? v : NULL;
}

static struct enc_key *read_key(struct span text)
{
	struct enc_key *k = NULL;
	const char *why;

	if (text.len > 0 && enc_key_parse(text, &k, &why) < 0)
		fprintf(stderr, "key: %s\n", why);
	return k;
}

static void do_open(const struct buf *w)
{
	CLEANUP(enc_key_freep) struct enc_key *k = read_key(buf_span(&w[2]));
	CLEANUP(trust_freep) struct trust *trust = NULL;
	const struct enc_ring ring = {.n = k ? 1 : 0, .keys = {k}};
	const struct envelope_policy policy = {.bytes_max = LINE_MAX,
					       .algs = SIG_ALL,
					       .content_type =
						       "application/vnd.ocf-fw-manifest+cbor",
					       .ring = &ring,
					       .role = TRUST_MANIFEST,
					       .manufacturer = "m"};
	struct envelope env = {0};
	char error[256];
	enum fw_error e;

	if (trust_parse(buf_span(&w[1]), &trust, error, sizeof(error)) < 0) {
		refuse(error);
		return;
	}
	e = envelope_open(buf_span(&w[3]), trust, &policy, &env);
	if (e == FWE_OK)
		answer(buf_span(&env.payload));
	else
		refuse(fw_error_name(e));
	envelope_done(&env);
}

static void do_form(const struct buf *w)
{
	static const struct cbr_limits LIMITS = {
		.bytes = LINE_MAX, .depth = 16, .items = LINE_MAX, .text = LINE_MAX};
	enum cbr_err e = cbd_check(buf_span(&w[1]), &LIMITS);

	if (e == CBR_OK)
		answer(span_of(NULL, 0));
	else
		refuse(fw_error_name(e == CBR_LOOSE ? FWE_MANIFEST_CBOR_NOT_DETERMINISTIC
						    : FWE_MANIFEST_CBOR_INVALID));
}

static void do_decrypt(const struct buf *w)
{
	CLEANUP(enc_key_freep) struct enc_key *k = read_key(buf_span(&w[1]));
	CLEANUP(jsn_freep) struct jsn *root = NULL;
	CLEANUP(buf_done) struct buf out = {0};
	const struct enc_ring ring = {.n = k ? 1 : 0, .keys = {k}};
	struct span m = buf_span(&w[2]);
	enum fw_error e;

	if (m.len > 0 && m.ptr[0] == '{') {
		root = json_of(m);
		if (!root) {
			refuse("json");
			return;
		}
	}
	e = m.len > 0 && m.ptr[0] >= 0x80 ? cose_decrypt(m, SPAN_LIT(""), &ring, &out)
					  : jwe_decrypt(m, root, &ring, &out);
	if (e == FWE_OK)
		answer(buf_span(&out));
	else
		refuse(fw_error_name(e));
}

static int collect(void *arg, struct span data)
{
	buf_put(arg, data);
	return 0;
}

static void do_image(const struct buf *w)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(LINE_MAX);
	const struct ece_sink sink = {collect, &out};
	CLEANUP(ece_freep) struct ece *e = NULL;
	int r = ece_open_new(&e, buf_span(&w[1]), &sink);

	if (r == 0)
		r = ece_feed(e, buf_span(&w[2]));
	if (r == 0)
		r = ece_end(e);
	if (r == 0)
		answer(buf_span(&out));
	else
		refuse("image");
}

static void do_seal(const struct buf *w)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(LINE_MAX);
	const struct ece_sink sink = {collect, &out};
	CLEANUP(ece_freep) struct ece *e = NULL;
	int r = ece_seal_new(&e, buf_span(&w[1]), SPAN_LIT("id"), 100 + w[2].len % 5000, &sink);

	if (r == 0)
		r = ece_feed(e, buf_span(&w[2]));
	if (r == 0)
		r = ece_end(e);
	if (r == 0)
		answer(buf_span(&out));
	else
		refuse("seal");
}

static int jws(const struct key *k, struct span payload, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(LINE_MAX);
	CLEANUP(jsn_freep) struct jsn *entry = NULL;
	int r;

	b64_encode(payload, &text);
	r = jws_sign(k, "typ", buf_span(&text), &entry);
	if (r < 0)
		return r;
	jsn_set_text(entry, "payload", buf_span(&text));
	return jsn_write(entry, JSN_COMPACT, out);
}

static void do_sign(const struct buf *w)
{
	CLEANUP(jsn_freep) struct jsn *jwk = json_of(buf_span(&w[1]));
	CLEANUP(buf_done) struct buf out = BUF_INIT(LINE_MAX);
	CLEANUP(key_freep) struct key *k = NULL;
	const char *why = "";
	int r = jwk_import_private(jwk, &k, &why) == JWK_OK ? 0 : -EINVAL;

	if (r == 0) {
		const struct key *const keys[] = {k, k};

		r = span_is(buf_span(&w[0]), "jws")
			    ? jws(k, buf_span(&w[2]), &out)
			    : cose_sign(keys, span_is(buf_span(&w[0]), "sign") ? 2 : 1, NULL,
					SPAN_LIT(""), buf_span(&w[2]), &out);
	}
	if (r == 0)
		answer(buf_span(&out));
	else
		refuse(why);
}

static void do_encrypt(const struct buf *w)
{
	CLEANUP(enc_key_freep) struct enc_key *k = read_key(buf_span(&w[1]));
	CLEANUP(buf_done) struct buf out = BUF_INIT(LINE_MAX);
	enum enc_content content;
	int r = -EINVAL;

	if (k && enc_content_from_name(buf_span(&w[2]), &content))
		r = span_is(buf_span(&w[0]), "jwe")
			    ? jwe_encrypt(k, content, NULL, NULL, buf_span(&w[3]), &out)
			    : cose_encrypt(k, content, SPAN_LIT(""), buf_span(&w[3]), &out);
	if (r == 0)
		answer(buf_span(&out));
	else
		refuse("encrypt");
}

static void do_thumbprint(const struct buf *w)
{
	CLEANUP(jsn_freep) struct jsn *jwk = json_of(buf_span(&w[1]));
	char text[JWK_THUMBPRINT_LEN + 1];

	if (jwk_thumbprint(jwk, text) == 0)
		printf("ok %s\n", text);
	else
		refuse("thumbprint");
}

static const struct {
	const char *name;
	size_t words;
	void (*run)(const struct buf *w);
} VERBS[] = {
	{"open",       4, do_open      },
        {"decrypt",    3, do_decrypt   },
	{"image",      3, do_image     },
        {"seal",       3, do_seal      },
	{"jws",        3, do_sign      },
        {"sign1",      3, do_sign      },
	{"sign",       3, do_sign      },
        {"jwe",        4, do_encrypt   },
	{"encrypt",    4, do_encrypt   },
        {"thumbprint", 2, do_thumbprint},
	{"form",       2, do_form      },
};

static void serve(struct span line)
{
	struct buf words[WORDS];
	size_t n = 0;

	for (size_t i = 0; i < WORDS; i++)
		words[i] = BUF_INIT(LINE_MAX);
	for (; line.ptr && n < WORDS; n++) {
		struct span word = span_cut(&line, ' ');

		if (n == 0)
			buf_put(&words[n], word);
		else if (!span_is(word, "-") && b64_decode(word, &words[n]) < 0)
			break;
	}
	for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++) {
		if (span_is(buf_span(&words[0]), VERBS[i].name) && VERBS[i].words == n) {
			VERBS[i].run(words);
			n = 0;
		}
	}
	if (n > 0)
		refuse("usage");
	for (size_t i = 0; i < WORDS; i++)
		buf_done(&words[i]);
	(void)fflush(stdout);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0)
		serve(span_of(line, (size_t)n - (line[n - 1] == '\n')));
	free(line);
	return 0;
}
