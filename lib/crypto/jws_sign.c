#include "codec/b64.h"
#include "crypto/jws.h"

#define HEADER_MAX ((size_t)1024)

int jws_put_header(const struct key *k, const char *typ, struct buf *out)
{
	CLEANUP(jsn_freep) struct jsn *header = jsn_new_object(), *jwk = jwk_export(k);
	struct buf text = BUF_INIT(HEADER_MAX);
	int r;

	jsn_set_str(header, "alg", sig_alg_name(key_alg(k)));
	jsn_set_text(header, "kid", jsn_text(jsn_get(jwk, "kid")));
	jsn_set_str(header, "typ", typ);
	r = jwk ? jsn_write(header, JSN_COMPACT, &text) : -ENOMEM;
	if (r == 0)
		b64_encode(buf_span(&text), out);
	buf_done(&text);
	return r == 0 && !buf_ok(out) ? -ENOMEM : r;
}

struct jsn *jws_new_entry(struct span protected, struct span signature)
{
	struct jsn *entry = jsn_new_object();

	jsn_set_text(entry, "protected", protected);
	jsn_set_b64(entry, "signature", signature);
	return entry;
}
