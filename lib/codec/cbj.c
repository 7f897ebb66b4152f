#include "codec/cbj.h"

#include "codec/b64.h"
#include "codec/cbw.h"

#define KEY_MAX ((size_t)256)

static struct jsn *read_item(struct cbr *c);

/* Nothing is left out of its container in silence. */
static struct jsn *read_text(struct cbr *c, struct span text)
{
	struct jsn *v = jsn_new_text(text);

	if (!v)
		cbr_fail(c, CBR_VALUE);
	return v;
}

static struct jsn *read_map(struct cbr *c)
{
	struct jsn *object = jsn_new_object();
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		char name[KEY_MAX];

		if (span_to_str(key, name, sizeof(name)) < 0)
			cbr_fail(c, CBR_LIMIT);
		else if (jsn_get(object, name))
			cbr_fail(c, CBR_DUPLICATE);
		else
			jsn_set(object, name, read_item(c));
	}
	return object;
}

static struct jsn *read_array(struct cbr *c)
{
	struct jsn *array = jsn_new_array();

	cbr_array(c);
	while (cbr_more(c))
		jsn_add(array, read_item(c));
	return array;
}

static struct jsn *read_bytes(struct cbr *c)
{
	struct span data = cbr_bytes(c);
	struct buf text CLEANUP(buf_done) = BUF_INIT(2 * data.len + 4);

	b64_encode(data, &text);
	if (!buf_ok(&text))
		cbr_fail(c, CBR_LIMIT);
	return read_text(c, buf_span(&text));
}

/* As deep as the limits let it. */
static struct jsn *read_item(struct cbr *c)
{
	switch (cbr_peek(c)) {
	case CBR_UINT:
	case CBR_NEGINT:
		return jsn_new_int(cbr_int(c, INT64_MIN, INT64_MAX));
	case CBR_BYTES:
		return read_bytes(c);
	case CBR_TEXT:
		return read_text(c, cbr_text(c));
	case CBR_ARRAY:
		return read_array(c);
	case CBR_MAP:
		return read_map(c);
	case CBR_BOOL:
		return jsn_new_bool(cbr_bool(c));
	case CBR_NULL:
		(void)cbr_skip(c);
		return jsn_new_null();
	case CBR_FLOAT:
		return jsn_new_real(cbr_float(c));
	case CBR_NONE:
		break;
	}
	cbr_fail(c, CBR_MALFORMED);
	return NULL;
}

enum cbr_err cbj_read(struct span cbor, const struct cbr_limits *limits, struct jsn **ret)
{
	struct jsn *v CLEANUP(jsn_freep) = NULL;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, cbor, limits);
	v = read_item(&c);
	err = cbr_close(&c);
	if (err != CBR_OK)
		return err;
	*ret = v;
	v = NULL;
	return CBR_OK;
}

static int write_object(const struct jsn *v, struct buf *out)
{
	int r = 0;

	cbw_map(out);
	for (size_t i = 0; i < jsn_len(v) && r == 0; i++) {
		struct span name;
		const struct jsn *member = jsn_member(v, i, &name);

		cbw_text(out, name);
		r = cbj_write(member, out);
	}
	cbw_end(out);
	return r;
}

static int write_array(const struct jsn *v, struct buf *out)
{
	int r = 0;

	cbw_array(out);
	for (size_t i = 0; i < jsn_len(v) && r == 0; i++)
		r = cbj_write(jsn_at(v, i), out);
	cbw_end(out);
	return r;
}

int cbj_write(const struct jsn *v, struct buf *out)
{
	int r = 0;

	switch (jsn_type(v)) {
	case JSN_NONE:
		return -ENOMEM;
	case JSN_REAL:
		cbw_float(out, jsn_real(v));
		break;
	case JSN_NULL:
		cbw_null(out);
		break;
	case JSN_BOOL:
		cbw_bool(out, jsn_bool(v));
		break;
	case JSN_INT:
		cbw_int(out, jsn_int(v));
		break;
	case JSN_TEXT:
		cbw_text(out, jsn_text(v));
		break;
	case JSN_ARRAY:
		r = write_array(v, out);
		break;
	case JSN_OBJECT:
		r = write_object(v, out);
		break;
	}
	return r < 0 ? r : buf_ok(out) ? 0 : -ENOMEM;
}
