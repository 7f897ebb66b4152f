#include "converge.h"

#include "codec/cbw.h"
#include "crypto/x509.h"

#define DOXM            "/oic/sec/doxm"
#define PSTAT           "/oic/sec/pstat"
#define CRED            "/oic/sec/cred"
#define ACL2            "/oic/sec/acl2"
#define SCT_CERTIFICATE 8u
#define RFPRO           2u
#define RFNOP           3u
#define SRESET          4u

static int fail(struct dialog *d, int err, enum outcome outcome, const char *text)
{
	trouble_set(&d->trouble, outcome, "%s", text);
	return err;
}

/* ---- what it holds ---- */

static int unreadable(struct dialog *d, const char *path)
{
	trouble_set(&d->trouble, OUT_ANSWER, "its %s cannot be read", path);
	return -EBADMSG;
}

static int read_actual(struct converge *c)
{
	struct dialog *d = c->d;
	int r = dialog_get(d, OBT_DOTS, DOXM);

	if (r < 0)
		return r;
	if (answer_doxm(buf_span(&d->body), &c->actual.doxm) != CBR_OK)
		return unreadable(d, DOXM);
	r = dialog_get(d, OBT_DOTS, PSTAT);
	if (r < 0)
		return r;
	if (answer_pstat(buf_span(&d->body), &c->actual.pstat) != CBR_OK)
		return unreadable(d, PSTAT);
	r = dialog_get(d, OBT_AMS, ACL2);
	if (r < 0)
		return r;
	if (listed_aces_read(buf_span(&d->body), &c->actual.aces) != CBR_OK)
		return unreadable(d, ACL2);
	r = dialog_get(d, OBT_CMS, CRED);
	if (r < 0)
		return r;
	c->creds = BUF_INIT(REQ_BODY_MAX);
	buf_put(&c->creds, buf_span(&d->body));
	if (!buf_ok(&c->creds) ||
	    listed_creds_read(buf_span(&c->creds), &c->actual.creds) != CBR_OK)
		return unreadable(d, CRED);
	return 0;
}

/* Are certificates of ours there that are soon over? */
static bool is_due(const struct converge *c)
{
	for (size_t i = 0; i < c->actual.creds.n; i++) {
		const struct listed_cred *cred = &c->actual.creds.creds[i];

		if ((strcmp(cred->usage, "oic.sec.cred.cert") == 0 ||
		     strcmp(cred->usage, "oic.sec.cred.rolecert") == 0) &&
		    issue_is_due(cred->data))
			return true;
	}
	return false;
}

int converge_read(struct converge *c, struct dialog *d, const struct goal *goal)
{
	int r;

	struct plan_certs certs = {.renew = c->renew};

	c->d = d;
	c->goal = goal;
	for (unsigned i = 0; i < OBT_SERVICES; i++)
		c->owners.of[i] =
			*record_service_uuid(state_self(d->state), &d->dev, (enum obt_service)i);
	r = read_actual(c);
	if (r >= 0 && goal->identity)
		r = issue_open(d->state, false, &c->authority, &d->trouble);
	if (r < 0)
		return r;
	if (c->authority) {
		certs.anchor = span_str(c->authority->pem);
		certs.renew |= is_due(c);
	}
	r = plan_make(goal, &d->dev.device, &c->owners, &certs, &c->actual, &c->plan);
	return r < 0 ? fail(d, r, OUT_FAILED, "out of memory") : 0;
}

void converge_done(struct converge *c)
{
	plan_done(&c->plan);
	listed_aces_done(&c->actual.aces);
	buf_done(&c->creds);
	(void)authority_free(c->authority);
}

/* ---- bringing it there ---- */

/* What has come to the step's trouble gets its name. */
static int named(struct converge *c, int r, const char *step)
{
	if (r < 0)
		c->d->trouble.step = step;
	return r;
}

static int take_back(struct converge *c, enum plan_svr svr)
{
	static const char *const PATHS[] = {DOXM, PSTAT, CRED, ACL2};
	static const enum obt_service OWNER[] = {OBT_DOTS, OBT_DOTS, OBT_CMS, OBT_AMS};
	struct buf body CLEANUP(buf_done) = BUF_INIT(128);

	cbw_map(&body);
	cbw_kv_uuid(&body, "rowneruuid", &c->owners.of[OWNER[svr]]);
	cbw_end(&body);
	return named(c, dialog_post(c->d, OBT_DOTS, PATHS[svr], &body), "take-back");
}

static int drop(struct converge *c, enum obt_service as, const char *path, const char *name,
		uint32_t id)
{
	char query[32];

	(void)snprintf(query, sizeof(query), "%s=%u", name, id);
	return named(c,
		     dialog_request(c->d, &(struct request){.as = as,
							    .method = M_DELETE,
							    .path = path,
							    .query = query}),
		     as == OBT_AMS ? "remove-ace" : "remove-cred");
}

static int add_ace(struct converge *c, const struct rule *rule)
{
	struct buf body CLEANUP(buf_done) = BUF_INIT(REQ_BODY_MAX);

	cbw_map(&body);
	cbw_str(&body, "aclist2");
	cbw_array(&body);
	rule_write(rule, &body);
	cbw_end(&body);
	cbw_end(&body);
	return named(c, dialog_post(c->d, OBT_AMS, ACL2, &body), "add-ace");
}

static int add_key(struct converge *c, const struct uuid *subject, const struct secret *key)
{
	return named(c, dialog_post_key(c->d, subject, key, 0), "add-key");
}

static int post_cert(struct converge *c, const char *usage, struct span pem)
{
	struct buf body CLEANUP(buf_done) = BUF_INIT(REQ_BODY_MAX);

	cbw_map(&body);
	cbw_str(&body, "creds");
	cbw_array(&body);
	cbw_map(&body);
	cbw_kv_uint(&body, "credtype", 8);
	cbw_kv_str(&body, "subjectuuid", "*");
	cbw_kv_str(&body, "credusage", usage);
	cbw_str(&body, "publicdata");
	cbw_map(&body);
	cbw_kv_str(&body, "encoding", "oic.sec.encoding.pem");
	cbw_kv_text(&body, "data", pem);
	cbw_end(&body);
	cbw_end(&body);
	cbw_end(&body);
	cbw_end(&body);
	return named(c, dialog_post(c->d, OBT_CMS, CRED, &body), "add-certificate");
}

static int issue(struct converge *c, const struct goal_role *role)
{
	struct buf pem CLEANUP(buf_done) = BUF_INIT(X509_PEM_MAX);
	struct dialog *d = c->d;
	const char *why = NULL;
	struct span csr;
	int r = named(c, dialog_get(d, OBT_CMS, "/oic/sec/csr"), "read-request");

	if (r < 0)
		return r;
	if (listed_csr_read(buf_span(&d->body), &csr) != CBR_OK)
		return unreadable(d, "/oic/sec/csr");
	r = issue_cert(c->authority, &d->dev.device, csr, role, &pem, &why);
	/* Noted before the device has it: what is not noted cannot be revoked. */
	if (r >= 0)
		r = issue_keep(d->state, c->authority);
	if (r < 0)
		return fail(d, r, why ? OUT_ANSWER : OUT_STATE, why ? why : strerror(-r));
	return post_cert(c, role ? "oic.sec.cred.rolecert" : "oic.sec.cred.cert", buf_span(&pem));
}

static int make(struct converge *c, const struct change *ch)
{
	switch (ch->kind) {
	case CHANGE_DROP_ACE:
		return drop(c, OBT_AMS, ACL2, "aceid", ch->id);
	case CHANGE_ADD_ACE:
		return add_ace(c, &c->goal->rules[ch->index]);
	case CHANGE_DROP_CRED:
		return drop(c, OBT_CMS, CRED, "credid", ch->id);
	case CHANGE_ADD_SERVICE:
		return add_key(c, &c->owners.of[ch->index],
			       record_service_key(&c->d->dev, (enum obt_service)ch->index));
	case CHANGE_ADD_PAIR:
		return add_key(c, &c->goal->pairs[ch->index].peer, &c->goal->pairs[ch->index].key);
	case CHANGE_ADD_ANCHOR:
		return post_cert(c, "oic.sec.cred.trustca", span_str(c->authority->pem));
	case CHANGE_ADD_IDENTITY:
		return issue(c, NULL);
	case CHANGE_ADD_ROLE:
		return issue(c, &c->goal->roles[ch->index]);
	case CHANGE_OWNER:
	case CHANGE_STATE:
		break;
	}
	return 0;
}

static int go_to(struct converge *c, unsigned state, const char *step)
{
	if (c->actual.pstat.state == state)
		return 0;
	c->actual.pstat.state = (uint8_t)state;
	return named(c, dialog_state(c->d, state), step);
}

static int soft_reset(struct converge *c)
{
	int r = go_to(c, SRESET, "enter-sreset");

	for (size_t i = 0; i < c->plan.n && r >= 0; i++)
		if (c->plan.changes[i].kind == CHANGE_OWNER)
			r = take_back(c, (enum plan_svr)c->plan.changes[i].index);
	return r;
}

static int set_mode(struct converge *c)
{
	struct buf body CLEANUP(buf_done) = BUF_INIT(32);

	if (c->actual.pstat.om == 4)
		return 0;
	cbw_map(&body);
	cbw_kv_uint(&body, "om", 4);
	cbw_end(&body);
	return named(c, dialog_post(c->d, OBT_DOTS, PSTAT, &body), "set-mode");
}

int converge_run(struct converge *c)
{
	int r = 0;

	if (c->plan.hopeless)
		return fail(c->d, -EINVAL, OUT_ANSWER, c->plan.hopeless);
	if (c->plan.n == 0)
		return 0;
	if (c->goal->identity && !(c->actual.doxm.sct & SCT_CERTIFICATE))
		return fail(
			c->d, -ENOTSUP, OUT_METHOD,
			"its sct does not list certificates (asymmetric keys with certificate)");
	if (c->plan.soft_reset)
		r = soft_reset(c);
	if (r >= 0)
		r = go_to(c, RFPRO, "enter-rfpro");
	if (r >= 0)
		r = set_mode(c);
	for (size_t i = 0; i < c->plan.n && r >= 0; i++)
		r = make(c, &c->plan.changes[i]);
	return r < 0 ? r : go_to(c, RFNOP, "enter-rfnop");
}

/* ---- in words ---- */

static void each_line(const struct converge *c, void (*fn)(void *arg, const char *line), void *arg)
{
	for (size_t i = 0; i < c->plan.n; i++) {
		struct buf line CLEANUP(buf_done) = BUF_INIT(RULE_TEXT_MAX + 256);

		plan_format(&c->plan.changes[i], c->goal, &c->actual, &line);
		buf_put_byte(&line, '\0');
		fn(arg, buf_ok(&line) ? (const char *)line.ptr : "?");
	}
	if (c->plan.hopeless)
		fn(arg, c->plan.hopeless);
}

struct printer {
	FILE *to;
	const char *indent;
};

static void print_line(void *arg, const char *line)
{
	const struct printer *p = arg;

	(void)fputs(p->indent, p->to);
	out_text(p->to, line);
	(void)fputc('\n', p->to);
}

void converge_print(const struct converge *c, FILE *to, const char *indent)
{
	each_line(c, print_line, &(struct printer){to, indent});
}

static void add_line(void *arg, const char *line)
{
	jsn_add(arg, jsn_new_text(span_str(line)));
}

struct jsn *converge_json(const struct converge *c)
{
	struct jsn *list = jsn_new_array();

	each_line(c, add_line, list);
	return list;
}
