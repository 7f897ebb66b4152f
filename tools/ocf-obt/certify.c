/* ocf-obt authority, certify and revoke: the domain's own certificates. */
#include "base/clock.h"
#include "base/timestamp.h"
#include "codec/b64.h"
#include "codec/cbw.h"
#include "converge.h"
#include "crypto/x509.h"
#include "issue.h"

#define CRL_OCTETS_MAX ((size_t)X509_CRL_MAX)

/* ---- authority ---- */

static enum outcome show(const struct options *o, const struct authority *a)
{
	size_t revoked = 0;
	struct jsn *v;

	for (size_t i = 0; i < a->n_issued; i++)
		revoked += a->issued[i].revoked;
	if (!o->json) {
		(void)printf("%s", a->pem);
		(void)printf("  %-10s%zu in force, %zu of them revoked\n", "issued", a->n_issued,
			     revoked);
		return OUT_OK;
	}
	v = jsn_new_object();
	jsn_set_str(v, "certificate", a->pem);
	jsn_set_int(v, "issued", (int64_t)a->n_issued);
	jsn_set_int(v, "revoked", (int64_t)revoked);
	return out_json(v);
}

enum outcome cmd_authority(const struct options *o)
{
	struct authority *a CLEANUP(authority_freep) = NULL;
	struct state *state CLEANUP(state_freep) = NULL;
	struct trouble trouble;
	int r;

	if (state_open(&state, o->dir, &trouble) < 0 || issue_open(state, true, &a, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	if (o->renew) {
		r = issue_renew_root(a, state_self(state));
		if (r >= 0)
			r = issue_keep(state, a);
		if (r < 0)
			return out_fail(o->json, OUT_STATE, "the authority: %s", strerror(-r));
	}
	return show(o, a);
}

/* ---- certify ---- */

static const char *take_role(const struct options *o, struct goal *goal)
{
	struct span authority = span_str(o->role), name = span_cut(&authority, '@');
	struct goal_role role = {0};

	if (name.len == 0 || span_to_str(name, role.name, sizeof(role.name)) < 0 ||
	    span_to_str(authority, role.authority, sizeof(role.authority)) < 0)
		return "--role takes NAME or NAME@AUTHORITY, of at most 64 octets each";
	for (size_t i = 0; i < goal->n_roles; i++)
		if (strcmp(goal->roles[i].name, role.name) == 0 &&
		    strcmp(goal->roles[i].authority, role.authority) == 0)
			return NULL;
	if (goal->n_roles == GOAL_ROLES_MAX)
		return "a device takes 8 roles";
	goal->roles[goal->n_roles++] = role;
	return NULL;
}

static enum outcome certify(struct dialog *d, struct goal *goal)
{
	const char *why = d->o->role ? take_role(d->o, goal) : NULL;
	struct converge c = {.renew = goal->identity};
	int r;

	if (why)
		return out_fail(d->o->json, OUT_USAGE, "%s", why);
	goal->identity = true;
	r = state_put_goal(d->state, &d->dev.device, goal);
	if (r < 0)
		return out_fail(d->o->json, OUT_STATE, "its goal: %s", strerror(-r));
	r = converge_read(&c, d, goal);
	if (r >= 0)
		r = converge_run(&c);
	converge_done(&c);
	if (r < 0)
		return out_trouble(d->o->json, &d->trouble);
	return out_done(d->o->json, &d->dev.device, d->dev.name, "certified");
}

enum outcome cmd_certify(const struct options *o)
{
	struct goal *goal CLEANUP(goal_freep) = NULL;
	struct state *state CLEANUP(state_freep) = NULL;
	struct authority *a CLEANUP(authority_freep) = NULL;
	struct dialog d = {0};
	enum outcome outcome;
	int r = dialog_open(&d, o, &state, o->args[0]);

	if (r >= 0)
		r = issue_open(state, true, &a, &d.trouble);
	if (r >= 0 && state_goal(state, &d.dev.device, &goal) < 0) {
		trouble_set(&d.trouble, OUT_STATE, "its goal cannot be read");
		r = -EBADMSG;
	}
	outcome = r < 0 ? out_trouble(o->json, &d.trouble) : certify(&d, goal);
	dialog_done(&d);
	return outcome;
}

/* ---- revoke ---- */

static int send_crl(struct dialog *d, uint32_t number, struct span der)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT(2 * CRL_OCTETS_MAX);
	struct buf body CLEANUP(buf_done) = BUF_INIT(REQ_BODY_MAX);
	char now[TIMESTAMP_TEXT + 1];
	int r;

	timestamp_format(clock_real_us(), now);
	b64_encode_padded(der, &text);
	cbw_map(&body);
	cbw_kv_uint(&body, "crlid", number);
	cbw_kv_str(&body, "thisupdate", now);
	cbw_kv_text(&body, "crldata", buf_span(&text));
	cbw_end(&body);
	body.failed |= !buf_ok(&text);
	r = dialog_state(d, 2);
	if (r >= 0)
		r = dialog_post(d, OBT_CMS, "/oic/sec/crl", &body);
	if (r >= 0)
		r = dialog_state(d, 3);
	return r;
}

/* Every device of ours that judges certificates gets the list. The number that did not. */
static size_t publish(const struct options *o, struct state *state, const struct uuid *revoked,
		      uint32_t number, struct span der)
{
	size_t missed = 0;

	for (size_t i = 0; i < state_count(state); i++) {
		struct goal *goal CLEANUP(goal_freep) = NULL;
		const struct record_device *rec = state_at(state, i);
		struct dialog d;

		if (uuid_eq(&rec->device, revoked) || state_goal(state, &rec->device, &goal) < 0 ||
		    !goal->identity)
			continue;
		dialog_init(&d, o, state, rec);
		if (send_crl(&d, number, der) < 0) {
			(void)fprintf(stderr, "ocf-obt: not told: ");
			out_text(stderr, rec->name);
			(void)fprintf(stderr, ": %s\n", d.trouble.text);
			missed++;
		}
		dialog_done(&d);
	}
	return missed;
}

enum outcome cmd_revoke(const struct options *o)
{
	struct buf der CLEANUP(buf_done) = BUF_INIT(CRL_OCTETS_MAX);
	struct authority *a CLEANUP(authority_freep) = NULL;
	struct state *state CLEANUP(state_freep) = NULL;
	const struct record_device *rec;
	const char *why = NULL;
	struct trouble trouble;
	struct uuid device;
	size_t n, missed;
	struct jsn *v;
	int r;

	if (state_open(&state, o->dir, &trouble) < 0 || issue_open(state, false, &a, &trouble) < 0)
		return out_trouble(o->json, &trouble);
	/* A device that was reset has no record any more, but its certificates live on. */
	if (!uuid_parse(span_str(o->args[0]), &device)) {
		if (state_require(state, o->args[0], &rec, &trouble) < 0)
			return out_trouble(o->json, &trouble);
		device = rec->device;
	}
	n = authority_revoke(a, &device);
	r = issue_crl(a, &der, &why);
	if (r >= 0)
		r = issue_keep(state, a);
	if (r < 0)
		return out_fail(o->json, OUT_STATE, "the revocation list: %s",
				why ? why : strerror(-r));
	missed = publish(o, state, &device, a->crl_number, buf_span(&der));
	if (!o->json) {
		(void)printf("%zu certificates revoked; list %u; devices not told: %zu\n", n,
			     a->crl_number, missed);
		return missed ? OUT_SILENT : OUT_OK;
	}
	v = jsn_new_object();
	jsn_set_int(v, "revoked", (int64_t)n);
	jsn_set_int(v, "list", a->crl_number);
	jsn_set_int(v, "missed", (int64_t)missed);
	(void)out_json(v);
	return missed ? OUT_SILENT : OUT_OK;
}
