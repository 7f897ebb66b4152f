#include "context.h"

#include "base/clock.h"
#include "base/parse.h"
#include "files.h"
#include "base/timestamp.h"

static bool take_text(const struct jsn *v, void *field)
{
	*(const char **)field = jsn_str(v);
	return jsn_str(v) != NULL;
}

static bool take_url(const struct jsn *v, void *field)
{
	struct url url;

	return take_text(v, field) && url_parse(jsn_text(v), &url) == URL_OK;
}

static bool take_bool(const struct jsn *v, void *field)
{
	*(bool *)field = jsn_bool(v);
	return jsn_type(v) == JSN_BOOL;
}

static bool take_number(const struct jsn *v, void *field)
{
	*(uint64_t *)field = (uint64_t)jsn_int(v);
	return jsn_type(v) == JSN_INT && jsn_int(v) >= 0;
}

static bool take_date(const struct jsn *v, void *field)
{
	return timestamp_parse(jsn_text(v), field);
}

static bool take_limit(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.bytes_max = (size_t)jsn_int(v);
	return jsn_type(v) == JSN_INT && jsn_int(v) > 0 &&
	       jsn_int(v) <= (int64_t)MANIFEST_BYTES_MAX * 64;
}

static bool take_threshold(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.threshold = (unsigned)jsn_int(v);
	return jsn_type(v) == JSN_INT && jsn_int(v) > 0 &&
	       jsn_int(v) <= (int64_t)ENVELOPE_SIGNATURES_MAX;
}

static bool take_version(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.has_current = true;
	return fw_version_parse(jsn_text(v), &c->fw.current);
}

static bool take_sequence(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.seen |= MANIFEST_SEQUENCE;
	return take_number(v, &c->fw.last_sequence);
}

static bool take_seen_expires(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.seen |= jsn_bool(v) ? MANIFEST_EXPIRES : 0;
	return jsn_type(v) == JSN_BOOL;
}

static bool take_required_sequence(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.required |= jsn_bool(v) ? MANIFEST_SEQUENCE : 0;
	return jsn_type(v) == JSN_BOOL;
}

static bool take_required_expires(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.required |= jsn_bool(v) ? MANIFEST_EXPIRES : 0;
	return jsn_type(v) == JSN_BOOL;
}

/* Algorithms that are not built in cannot be allowed; without any other, none is. */
static bool take_algs(const struct jsn *v, void *field)
{
	struct context *c = field;
	enum sig_alg alg;

	c->fw.algs = SIG_BIT(SIG_COUNT); /* none, while 0 would be all */
	for (size_t i = 0; i < jsn_len(v); i++) {
		if (sig_alg_from_name(jsn_text(jsn_at(v, i)), &alg))
			c->fw.algs |= SIG_BIT(alg);
	}
	return jsn_type(v) == JSN_ARRAY;
}

static bool take_vendor(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.vendor_id = &c->vendor_id;
	return uuid_parse(jsn_text(v), &c->vendor_id);
}

static bool take_class(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.class_id = &c->class_id;
	return uuid_parse(jsn_text(v), &c->class_id);
}

static bool take_digest(const struct jsn *v, void *field)
{
	struct context *c = field;

	c->fw.last_manifest_sha256 = c->last_sha256;
	return hex_decode(jsn_text(v), c->last_sha256, sizeof(c->last_sha256));
}

#define FIELD(name) offsetof(struct context, name)

static const struct {
	const char *name;
	bool (*take)(const struct jsn *v, void *field);
	size_t offset;
} MEMBERS[] = {
	{"manufacturer",          take_text,              FIELD(fw.manufacturer)     },
	{"model",                 take_text,              FIELD(fw.model)            },
	{"hardwareRevision",      take_text,              FIELD(fw.hardware)         },
	{"vendorId",              take_vendor,            0                          },
	{"classId",               take_class,             0                          },
	{"currentVersion",        take_version,           0                          },
	{"securityVersionFloor",  take_number,            FIELD(fw.security_floor)   },
	{"lastSequenceNumber",    take_sequence,          0                          },
	{"lastTimestamp",         take_date,              FIELD(fw.last_timestamp_us)},
	{"lastManifestSha256",    take_digest,            0                          },
	{"expiresSeen",           take_seen_expires,      0                          },
	{"keyInfoVersion",        take_number,            FIELD(fw.key_info_version) },
	{"now",		   take_date,              FIELD(fw.now_us)           },
	{"clockTrusted",          take_bool,              FIELD(fw.clock_trusted)    },
	{"threshold",             take_threshold,         0                          },
	{"allowedAlgs",           take_algs,              0                          },
	{"manifestUrl",           take_url,               FIELD(manifest_url)        },
	{"maxManifestSize",       take_limit,             0                          },
	{"requireSequenceNumber", take_required_sequence, 0                          },
	{"requireExpires",        take_required_expires,  0                          },
	{"allowDowngrade",        take_bool,              FIELD(fw.allow_downgrade)  },
};

void context_init(struct context *ret)
{
	*ret = (struct context){
		.fw = {.clock_trusted = true, .now_us = clock_real_us()},
	};
}

static int take_members(const char *path, struct context *c)
{
	for (size_t i = 0; i < jsn_len(c->tree); i++) {
		struct span name;
		const struct jsn *v = jsn_member(c->tree, i, &name);
		size_t row = 0;

		while (row < ARRAY_SIZE(MEMBERS) && !span_is(name, MEMBERS[row].name))
			row++;
		if (row == ARRAY_SIZE(MEMBERS)) {
			cli_warn("%s: %.*s is not looked at", path, (int)name.len,
				 (const char *)name.ptr);
			continue;
		}
		if (jsn_type(v) == JSN_NULL) /* as if it were not there */
			continue;
		if (!MEMBERS[row].take(v, (char *)c + MEMBERS[row].offset)) {
			cli_say("%s: %s has no usable value", path, MEMBERS[row].name);
			return -EBADMSG;
		}
	}
	return 0;
}

int context_read(const char *path, struct context *ret)
{
	static const struct jsn_limits LIMITS = {.bytes = JWK_FILE_MAX, .depth = JWK_DEPTH_MAX};
	struct buf text = BUF_INIT(JWK_FILE_MAX);
	int r = files_read(path, &text);

	if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	if (r == 0 && (jsn_parse(buf_span(&text), &LIMITS, &ret->tree) != JSN_OK ||
		       jsn_type(ret->tree) != JSN_OBJECT)) {
		cli_say("%s: not a JSON object", path);
		r = -EBADMSG;
	}
	buf_done(&text);
	return r == 0 ? take_members(path, ret) : r;
}

void context_done(struct context *c)
{
	c->tree = jsn_free(c->tree);
}
