#include "bus/fwupd_call.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/parse.h"
#include "bus/bus.h"

#define OWNERS_USER "ocf-secd"
#define ADMIN_GROUP "ocf-admin"

/* ---- errors ---- */

void fwupd_error_name(enum fw_error e, char ret[FWUPD_ERROR_ROOM])
{
	CLEANUP(buf_done) struct buf name = BUF_INIT(FWUPD_ERROR_ROOM);

	buf_put(&name, SPAN_LIT(FWUPD_ERROR));
	fw_error_camel(e, &name);
	if (!buf_ok(&name) || span_to_str(buf_span(&name), ret, FWUPD_ERROR_ROOM) < 0)
		(void)snprintf(ret, FWUPD_ERROR_ROOM, FWUPD_ERROR "InternalFailure");
}

int fwupd_refuse(void *error, enum fw_error e, const char *text)
{
	char name[FWUPD_ERROR_ROOM];

	fwupd_error_name(e, name);
	return sd_bus_error_set(error, name, text);
}

/* ---- callers ---- */

int fwupd_caller(sd_bus_message *m, unsigned allowed, enum fwupd_caller *ret, uint32_t *ret_uid,
		 void *error)
{
	int r = bus_sender_uid(m, ret_uid);

	if (r < 0)
		return r;
	if (*ret_uid == 0)
		*ret = FWUPD_ROOT;
	else if ((allowed & FWUPD_OWNER) != 0 && bus_uid_is(*ret_uid, OWNERS_USER))
		*ret = FWUPD_OWNER;
	else if ((allowed & FWUPD_ADMIN) != 0 && bus_uid_is_in(*ret_uid, ADMIN_GROUP))
		*ret = FWUPD_ADMIN;
	else
		return fwupd_refuse(error, FWE_POLICY_NOT_AUTHORISED, "This user may not do that");
	return 0;
}

/* ---- options ---- */

enum {
	CHECK = 1 << FWUPD_CHECK,
	DOWNLOAD = 1 << FWUPD_DOWNLOAD,
	INSTALL = 1 << FWUPD_INSTALL,
	BUNDLE = 1 << FWUPD_BUNDLE,
	DESCRIBE = 1 << FWUPD_DESCRIBE,
	SERVER = CHECK | DOWNLOAD | INSTALL | DESCRIBE,
	WRITE = DOWNLOAD | INSTALL | BUNDLE,
	ANYBODY = FWUPD_ROOT | FWUPD_OWNER | FWUPD_ADMIN,
	LOCAL = FWUPD_ROOT | FWUPD_ADMIN,
};

#define AT(member) offsetof(struct fwupd_options, member)
static const struct option {
	const char *name;
	char type; /* of D-Bus; 'd': a digest as text or octets */
	unsigned kinds, callers;
	size_t offset;
} OPTIONS[] = {
	{"url",		     's', SERVER,             ANYBODY,    AT(url)            },
	{"source",                  's', SERVER,             LOCAL,      AT(source)         },
	{"transaction-id",          's', SERVER | BUNDLE,    LOCAL,      AT(transaction)    },
	{"require-manifest-digest", 'd', SERVER | BUNDLE,    LOCAL,      AT(digest)         },
	{"allow-downgrade",         'b', WRITE,              FWUPD_ROOT, AT(allow_downgrade)},
	{"reinstall",               'b', WRITE,              FWUPD_ROOT, AT(reinstall)      },
	{"retry-rejected",          'b', INSTALL | BUNDLE,   FWUPD_ROOT, AT(retry_rejected) },
	{"defer-reboot",            'b', INSTALL | BUNDLE,   LOCAL,      AT(defer_reboot)   },
	{"allow-metered",           'b', DOWNLOAD | INSTALL, LOCAL,      AT(allow_metered)  },
	{"dry-run",                 'b', CHECK,              LOCAL,      AT(dry_run)        },
	{"manifest",                'h', DESCRIBE,           LOCAL,      AT(manifest)       },
};

/* 64 hexadecimal digits, or 32 octets. */
static int read_digest(sd_bus_message *m, struct fwupd_options *o)
{
	const void *octets = NULL;
	const char *text = NULL, *contents;
	size_t len = 0;
	int r = sd_bus_message_peek_type(m, NULL, &contents);

	if (r <= 0)
		return -EINVAL;
	if (!strcmp(contents, "s")) {
		r = sd_bus_message_read(m, "v", "s", &text);
		if (r >= 0 && !hex_decode(span_str(text), o->digest, FWUPD_DIGEST))
			r = -EINVAL;
	} else {
		r = sd_bus_message_enter_container(m, 'v', "ay");
		if (r >= 0)
			r = sd_bus_message_read_array(m, 'y', &octets, &len);
		if (r >= 0)
			r = len == FWUPD_DIGEST ? sd_bus_message_exit_container(m) : -EINVAL;
		if (r >= 0)
			memcpy(o->digest, octets, len);
	}
	o->has_digest = r >= 0;
	return r;
}

static bool is_printable(const char *s, size_t room)
{
	size_t n = 0;

	while (n < room && s[n] >= ' ' && s[n] <= '~')
		n++;
	return n < room && s[n] == '\0';
}

static int read_option(sd_bus_message *m, const struct option *row, struct fwupd_options *o)
{
	void *at = (char *)o + row->offset;
	const char *text;
	int flag, r;

	switch (row->type) {
	case 'd':
		return read_digest(m, o);
	case 'b':
		r = sd_bus_message_read(m, "v", "b", &flag);
		if (r >= 0)
			*(bool *)at = flag != 0;
		return r;
	case 'h':
		return sd_bus_message_read(m, "v", "h", (int *)at);
	default:
		r = sd_bus_message_read(m, "v", "s", &text);
		if (r >= 0)
			*(const char **)at = text;
		return r;
	}
}

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++)
		if (!strcmp(OPTIONS[i].name, name))
			return &OPTIONS[i];
	return NULL;
}

int fwupd_bad_option(void *error, const char *name)
{
	static const char *const TAKES[][2] = {
		{"url",                     "a URL that can be asked, and no source beside it"},
		{"source",                  "local, manufacturer or offline"                  },
		{"transaction-id",          "up to 64 printable characters"                   },
		{"require-manifest-digest", "64 hexadecimal digits"                           },
	};
	const char *takes = "another type";

	for (size_t i = 0; i < ARRAY_SIZE(TAKES); i++)
		if (!strcmp(name, TAKES[i][0]))
			takes = TAKES[i][1];
	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "Option '%s' takes %s", name,
				 takes);
}

static int take_option(sd_bus_message *m, const char *name, unsigned kind, enum fwupd_caller caller,
		       struct fwupd_options *o, sd_bus_error *error)
{
	const struct option *row = find_option(name);
	const char *why = !row                             ? "is not known"
			  : (row->kinds & 1u << kind) == 0 ? "is not for this method"
			  : (row->callers & caller) == 0   ? "is not for this user"
							   : NULL;

	if (why)
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "Option '%s' %s", name,
					 why);
	return read_option(m, row, o) < 0 ? fwupd_bad_option(error, name) : 0;
}

int fwupd_options_read(sd_bus_message *m, unsigned kind, enum fwupd_caller caller,
		       struct fwupd_options *ret, void *error)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read_basic(m, 's', &name);
		if (r < 0)
			return r;
		r = take_option(m, name, kind, caller, ret, error);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(m);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0 && ret->transaction && !is_printable(ret->transaction, FWUPD_ID_ROOM))
		return fwupd_bad_option(error, "transaction-id");
	return r;
}
