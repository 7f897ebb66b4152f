#include "obt/rule.h"

#include "codec/cbw.h"

static const struct {
	const char *name;
	unsigned bit;
} PERMISSIONS[] = {
	{"create", 1 },
        {"read",   2 },
        {"update", 4 },
        {"delete", 8 },
        {"notify", 16},
};
#define ALL_PERMISSIONS 31u

/* ---- in words ---- */

/* The next word; empty at the end. */
static struct span next_word(struct span *rest)
{
	struct span word = {0};

	while (rest->len > 0 && word.len == 0)
		word = span_cut(rest, ' ');
	return word;
}

static const char *parse_device(struct span value, const struct rule_names *names, struct rule *r)
{
	char name[RULE_ROLE_MAX + 1];

	r->who = RULE_DEVICE;
	if (uuid_parse(value, &r->device))
		return NULL;
	if (names && span_to_str(value, name, sizeof(name)) == 0 &&
	    names->find(names->arg, name, &r->device))
		return NULL;
	return "device= wants a UUID, or a device that is known here";
}

static const char *parse_role(struct span value, struct rule *r)
{
	struct span authority = value, role = span_cut(&authority, '@');

	r->who = RULE_ROLE;
	if (role.len == 0 || span_to_str(role, r->role, sizeof(r->role)) < 0 ||
	    span_to_str(authority, r->authority, sizeof(r->authority)) < 0)
		return "role= wants NAME or NAME@AUTHORITY of at most 64 octets each";
	return NULL;
}

static const char *parse_who(struct span word, const struct rule_names *names, struct rule *r)
{
	if (span_starts(word, "device="))
		return parse_device(span_skip(word, 7), names, r);
	if (span_starts(word, "role="))
		return parse_role(span_skip(word, 5), r);
	if (span_is(word, "authenticated"))
		r->who = RULE_AUTHENTICATED;
	else if (span_is(word, "anyone"))
		r->who = RULE_ANYONE;
	else
		return "who? device=UUID, role=NAME[@AUTHORITY], authenticated or anyone";
	return NULL;
}

static const char *parse_permissions(struct span word, struct rule *r)
{
	static const char WRONG[] = "what? create, read, update, delete, notify with commas "
				    "between, or all";

	if (span_is(word, "all")) {
		r->permission = ALL_PERMISSIONS;
		return NULL;
	}
	if (word.len == 0)
		return WRONG;
	while (word.len > 0) {
		struct span one = span_cut(&word, ',');
		size_t i = 0;

		while (i < ARRAY_SIZE(PERMISSIONS) && !span_is(one, PERMISSIONS[i].name))
			i++;
		if (i == ARRAY_SIZE(PERMISSIONS))
			return WRONG;
		r->permission |= PERMISSIONS[i].bit;
	}
	return NULL;
}

static bool is_wildcard(struct span s)
{
	return span_is(s, "*") || span_is(s, "+") || span_is(s, "-");
}

static const char *parse_resource(struct span word, struct rule *r)
{
	if (!is_wildcard(word) && !span_starts(word, "/"))
		return "which resource? A path that begins with /, or * + -";
	if (r->n_resources == RULE_RESOURCES_MAX ||
	    span_to_str(word, r->resources[r->n_resources], sizeof(r->resources[0])) < 0)
		return "at most 16 resources of 128 octets each";
	r->n_resources++;
	return NULL;
}

static const char *parse_when(struct span *rest, struct rule *r)
{
	struct span period = next_word(rest), word = next_word(rest), repeat = {0};

	if (span_is(word, "repeat"))
		repeat = next_word(rest);
	else if (word.len > 0)
		return "behind the period stands only: repeat RECURRENCE";
	if (period.len == 0 || span_to_str(period, r->period, sizeof(r->period)) < 0 ||
	    span_to_str(repeat, r->repeat, sizeof(r->repeat)) < 0)
		return "during wants a period of RFC 5545, 20260101T080000Z/PT9H";
	return NULL;
}

const char *rule_parse(struct span text, const struct rule_names *names, struct rule *ret)
{
	struct rule r = {0};
	struct span word;
	const char *why;

	if (text.len > RULE_TEXT_MAX || !span_is_utf8(text) ||
	    (text.len > 0 && memchr(text.ptr, '\0', text.len)))
		return "a rule is UTF-8 text of at most 4096 octets";
	word = next_word(&text);
	if (span_is(word, "allow"))
		word = next_word(&text);
	why = parse_who(word, names, &r);
	if (!why)
		why = parse_permissions(next_word(&text), &r);
	while (!why && (word = next_word(&text)).len > 0)
		why = span_is(word, "during") ? parse_when(&text, &r) : parse_resource(word, &r);
	if (!why && r.n_resources == 0)
		why = "which resource? A path that begins with /, or * + -";
	if (!why)
		*ret = r;
	return why;
}

static void format_who(const struct rule *r, struct buf *out)
{
	char uuid[UUID_TEXT + 1];

	switch (r->who) {
	case RULE_DEVICE:
		uuid_format(&r->device, uuid);
		buf_printf(out, "device=%s", uuid);
		break;
	case RULE_ROLE:
		buf_printf(out, "role=%s%s%s", r->role, *r->authority ? "@" : "", r->authority);
		break;
	case RULE_AUTHENTICATED:
		buf_put_str(out, "authenticated");
		break;
	case RULE_ANYONE:
		buf_put_str(out, "anyone");
		break;
	}
}

void rule_format(const struct rule *r, struct buf *out)
{
	const char *sep = " ";

	buf_put_str(out, "allow ");
	format_who(r, out);
	if (r->permission == ALL_PERMISSIONS)
		buf_put_str(out, " all");
	for (size_t i = 0; i < ARRAY_SIZE(PERMISSIONS) && r->permission != ALL_PERMISSIONS; i++) {
		if (!(r->permission & PERMISSIONS[i].bit))
			continue;
		buf_printf(out, "%s%s", sep, PERMISSIONS[i].name);
		sep = ",";
	}
	for (size_t i = 0; i < r->n_resources; i++)
		buf_printf(out, " %s", r->resources[i]);
	if (*r->period)
		buf_printf(out, " during %s", r->period);
	if (*r->repeat)
		buf_printf(out, " repeat %s", r->repeat);
}

/* ---- as an ACE ---- */

static void write_subject(const struct rule *r, struct buf *b)
{
	cbw_map(b);
	switch (r->who) {
	case RULE_DEVICE:
		cbw_kv_uuid(b, "uuid", &r->device);
		break;
	case RULE_ROLE:
		cbw_kv_str(b, "role", r->role);
		if (*r->authority)
			cbw_kv_str(b, "authority", r->authority);
		break;
	case RULE_AUTHENTICATED:
		cbw_kv_str(b, "conntype", "auth-crypt");
		break;
	case RULE_ANYONE:
		cbw_kv_str(b, "conntype", "anon-clear");
		break;
	}
	cbw_end(b);
}

static void write_validity(const struct rule *r, struct buf *b)
{
	cbw_str(b, "validity");
	cbw_array(b);
	cbw_map(b);
	cbw_kv_str(b, "period", r->period);
	if (*r->repeat) {
		cbw_str(b, "recurrence");
		cbw_array(b);
		cbw_str(b, r->repeat);
		cbw_end(b);
	}
	cbw_end(b);
	cbw_end(b);
}

void rule_write(const struct rule *r, struct buf *b)
{
	cbw_map(b);
	cbw_str(b, "subject");
	write_subject(r, b);
	cbw_str(b, "resources");
	cbw_array(b);
	for (size_t i = 0; i < r->n_resources; i++) {
		cbw_map(b);
		cbw_kv_str(b, is_wildcard(span_str(r->resources[i])) ? "wc" : "href",
			   r->resources[i]);
		cbw_end(b);
	}
	cbw_end(b);
	cbw_kv_uint(b, "permission", r->permission);
	if (*r->period)
		write_validity(r, b);
	cbw_end(b);
}

/* Text of the device for one of our fields; what does not fit, or could not be one word of a rule,
 * is strange. */
static void read_word(struct cbr *c, char *ret, size_t room, bool *strange)
{
	struct span text = cbr_text(c);

	if (span_to_str(text, ret, room) < 0) {
		*strange = true;
		*ret = '\0';
	}
	for (size_t i = 0; i < text.len; i++)
		*strange |= text.ptr[i] <= ' ';
}

static void read_subject(struct cbr *c, struct rule *r, bool *strange)
{
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "uuid", &seen, 1)) {
			r->who = RULE_DEVICE;
			*strange |= !uuid_parse(cbr_text(c), &r->device);
		} else if (cbr_member(c, key, "role", &seen, 2)) {
			r->who = RULE_ROLE;
			read_word(c, r->role, sizeof(r->role), strange);
			*strange |= strchr(r->role, '@') != NULL;
		} else if (cbr_member(c, key, "authority", &seen, 4)) {
			read_word(c, r->authority, sizeof(r->authority), strange);
		} else if (cbr_member(c, key, "conntype", &seen, 8)) {
			r->who = span_is(cbr_text(c), "anon-clear") ? RULE_ANYONE
								    : RULE_AUTHENTICATED;
		} else {
			(void)cbr_skip(c);
			*strange = true;
		}
	}
	*strange |= seen != 1 && seen != 2 && seen != 6 && seen != 8;
}

static void read_resource(struct cbr *c, struct rule *r, bool *strange)
{
	char *to = r->n_resources < RULE_RESOURCES_MAX ? r->resources[r->n_resources] : NULL;
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (to && (span_is(key, "href") || span_is(key, "wc"))) {
			cbr_once(c, &seen, span_is(key, "wc") ? 1 : 2);
			read_word(c, to, RULE_HREF_MAX + 1, strange);
		} else {
			(void)cbr_skip(c);
		}
	}
	if (!to || (seen != 1 && seen != 2))
		*strange = true;
	else
		r->n_resources++;
}

static void read_validity(struct cbr *c, struct rule *r, bool *strange)
{
	unsigned n = 0, repeats = 0;
	struct span key;

	cbr_array(c);
	while (cbr_more(c)) {
		*strange |= n++ > 0;
		cbr_map(c);
		while (cbr_next(c, &key)) {
			if (span_is(key, "period")) {
				read_word(c, r->period, sizeof(r->period), strange);
			} else if (span_is(key, "recurrence")) {
				cbr_array(c);
				while (cbr_more(c)) {
					*strange |= repeats++ > 0;
					read_word(c, r->repeat, sizeof(r->repeat), strange);
				}
			} else {
				(void)cbr_skip(c);
				*strange = true;
			}
		}
	}
	*strange |= n > 0 && !*r->period;
}

void rule_read(struct cbr *c, struct rule *r, uint32_t *ret_aceid, bool *ret_strange)
{
	unsigned seen = 0;
	struct span key;

	*r = (struct rule){0};
	*ret_aceid = 0;
	*ret_strange = false;
	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "aceid", &seen, 1)) {
			*ret_aceid = (uint32_t)cbr_uint(c, UINT32_MAX);
		} else if (cbr_member(c, key, "subject", &seen, 2)) {
			read_subject(c, r, ret_strange);
		} else if (cbr_member(c, key, "resources", &seen, 4)) {
			cbr_array(c);
			while (cbr_more(c))
				read_resource(c, r, ret_strange);
		} else if (cbr_member(c, key, "permission", &seen, 8)) {
			r->permission = (unsigned)cbr_uint(c, ALL_PERMISSIONS);
		} else if (cbr_member(c, key, "validity", &seen, 16)) {
			read_validity(c, r, ret_strange);
		} else {
			(void)cbr_skip(c);
			*ret_strange |= !span_is(key, "tag");
		}
	}
	*ret_strange |= (seen & 14) != 14; /* all but the aceid */
}

/* ---- what rules grant ---- */

static bool same_subject(const struct rule *a, const struct rule *b)
{
	return a->who == b->who && strcmp(a->period, b->period) == 0 &&
	       strcmp(a->repeat, b->repeat) == 0 &&
	       (a->who != RULE_DEVICE || uuid_eq(&a->device, &b->device)) &&
	       (a->who != RULE_ROLE ||
		(strcmp(a->role, b->role) == 0 && strcmp(a->authority, b->authority) == 0));
}

static bool names(const struct rule *r, const char *resource)
{
	for (size_t i = 0; i < r->n_resources; i++)
		if (strcmp(r->resources[i], resource) == 0)
			return true;
	return false;
}

bool rule_is_covered(const struct rule *a, const struct rule *const *b, size_t n)
{
	for (size_t i = 0; i < a->n_resources; i++) {
		unsigned granted = 0;

		for (size_t k = 0; k < n; k++)
			if (same_subject(a, b[k]) && names(b[k], a->resources[i]))
				granted |= b[k]->permission;
		if (a->permission & ~granted)
			return false;
	}
	return true;
}

bool rule_equal(const struct rule *a, const struct rule *b)
{
	return rule_is_covered(a, &b, 1) && rule_is_covered(b, &a, 1);
}
