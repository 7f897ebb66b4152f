#include "document.h"

#include "cli.h"
#include "files.h"

static enum fw_error open_json(struct document *d)
{
	const struct jsn_limits limits = {d->octets.len, ENVELOPE_DEPTH_MAX};
	enum fw_error e = envelope_json_error(jsn_parse(buf_span(&d->octets), &limits, &d->root));

	if (e != FWE_OK)
		return e;
	if (jsn_get(d->root, "ciphertext"))
		return FWE_MANIFEST_ENC_NOT_ALLOWED;
	if (!jsn_get(d->root, "payload"))
		return FWE_OK;
	d->form = jsn_get(d->root, "signatures") ? DOCUMENT_GENERAL : DOCUMENT_FLATTENED;
	return jws_parse_json(d->root, MANIFEST_TYP, &d->jws);
}

/* A map is a manifest, everything else is a container. */
static enum fw_error open_cbor(struct document *d)
{
	enum fw_error e;

	d->form = DOCUMENT_CBOR;
	if (d->octets.ptr[0] >> 5 == 5)
		return FWE_OK;
	e = cose_sign_parse(buf_span(&d->octets), MANIFEST_CONTENT_TYPE, &d->cose);
	if (e == FWE_OK)
		d->form = d->cose->kind == COSE_SIGN1 ? DOCUMENT_SIGN1 : DOCUMENT_SIGN;
	return e;
}

static enum fw_error open_any(struct document *d)
{
	if (d->octets.len == 0)
		return FWE_MANIFEST_EMPTY;
	if (d->octets.ptr[0] == '{')
		return open_json(d);
	if (d->octets.ptr[0] >= 0x80)
		return open_cbor(d);
	if (!envelope_is_compact(buf_span(&d->octets)))
		return FWE_MANIFEST_FORMAT_UNKNOWN;
	d->form = DOCUMENT_COMPACT;
	return jws_parse_compact(buf_span(&d->octets), MANIFEST_TYP, &d->jws);
}

enum fw_error document_open(struct span octets, struct document *ret)
{
	enum fw_error e;

	*ret = (struct document){.octets = BUF_INIT(octets.len)};
	buf_put(&ret->octets, octets);
	e = buf_ok(&ret->octets) ? open_any(ret) : FWE_INTERNAL;
	if (e == FWE_OK)
		ret->error = manifest_parse(document_payload(ret),
					    document_is_cbor(ret) ? ENVELOPE_CBOR : ENVELOPE_JSON,
					    0, &ret->manifest);
	return e;
}

int document_read(const char *path, struct document *ret)
{
	struct buf octets = BUF_INIT(MANIFEST_BYTES_MAX);
	uint64_t image;
	int r = files_read_manifest(path, &octets, &image);
	enum fw_error e;

	if (r < 0) {
		cli_say("%s: %s", path,
			r == -EFBIG     ? fw_error_name(FWE_MANIFEST_TOO_LARGE)
			: r == -EBADMSG ? "a direct file without a whole manifest"
					: strerror(-r));
		buf_done(&octets);
		return r;
	}
	e = document_open(buf_span(&octets), ret);
	buf_done(&octets);
	if (e == FWE_OK)
		return 0;
	cli_say("%s: %s", path, fw_error_name(e));
	document_done(ret);
	return -EBADMSG;
}

void document_done(struct document *d)
{
	d->manifest = manifest_free(d->manifest);
	d->jws = jws_free(d->jws);
	d->cose = cose_sign_free(d->cose);
	d->root = jsn_free(d->root);
	buf_done(&d->octets);
}

struct span document_payload(const struct document *d)
{
	return d->jws    ? buf_span(&d->jws->payload)
	       : d->cose ? d->cose->payload
			 : buf_span(&d->octets);
}

bool document_is_cbor(const struct document *d)
{
	return d->form == DOCUMENT_CBOR || d->cose;
}

const char *document_form_name(enum document_form f)
{
	static const char *const NAMES[] = {
		[DOCUMENT_JSON] = "bare JSON",  [DOCUMENT_CBOR] = "bare CBOR",
		[DOCUMENT_COMPACT] = "compact", [DOCUMENT_FLATTENED] = "flattened",
		[DOCUMENT_GENERAL] = "general", [DOCUMENT_SIGN1] = "COSE_Sign1",
		[DOCUMENT_SIGN] = "COSE_Sign",
	};

	return NAMES[f];
}
