PRAGMA application_id = 1836344179;
PRAGMA user_version = 4;
BEGIN TRANSACTION;
CREATE TABLE acceptances (
        id INTEGER PRIMARY KEY,
        site TEXT NOT NULL,
        day TEXT NOT NULL,
        run TEXT NOT NULL,
        at TEXT NOT NULL,
        keys TEXT NOT NULL
    );
CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        step INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
        run TEXT NOT NULL REFERENCES runs,
        number INTEGER NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,
        outcome TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT ''
    );
INSERT INTO "attempts" VALUES(1,5,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','failed','blog/2026-05-01.log: no known format reads this file: the first line that none reads is ''no log at all''. name the format with `format:` (known: combined, common, combined_vhost, common_vhost, combined_vhost_last, combined_nginx_time, combined_apache_time, icecast, ovh, lighttpd, common_agent, common_agent_vhost, gandi, litespeed, nginx_proxy_manager, haproxy, elb, alb, s3, traefik, envoy, squid, envoy_json, kong, apisix, apisix_access, api_gateway, api_gateway_clf, api_gateway_csv, google_cloud, azure_front_door, azure_application_gateway, fastly, akamai, akamai_pairs, akamai_structured, vercel, tomcat_json, nginx_json, caddy, traefik_json, cloudflare, cloudfront_json, cloudfront_parquet, incapsula, netscaler, shoutcast, cloudfront_rtmp, cloudfront, iis, w3c, ltsv, logfmt, csv, any_json)');
INSERT INTO "attempts" VALUES(2,6,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','empty','');
INSERT INTO "attempts" VALUES(3,1,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(4,2,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(5,3,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(6,4,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(7,12,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','empty','');
INSERT INTO "attempts" VALUES(8,7,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(9,8,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(10,9,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(11,10,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(12,18,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','empty','');
INSERT INTO "attempts" VALUES(13,13,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(14,14,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(15,15,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(16,16,'20260601T120000Z-5777',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','done','');
INSERT INTO "attempts" VALUES(17,5,'20260601T120000Z-e9f8',1,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00','failed','blog/2026-05-01.log: no known format reads this file: the first line that none reads is ''no log at all''. name the format with `format:` (known: combined, common, combined_vhost, common_vhost, combined_vhost_last, combined_nginx_time, combined_apache_time, icecast, ovh, lighttpd, common_agent, common_agent_vhost, gandi, litespeed, nginx_proxy_manager, haproxy, elb, alb, s3, traefik, envoy, squid, envoy_json, kong, apisix, apisix_access, api_gateway, api_gateway_clf, api_gateway_csv, google_cloud, azure_front_door, azure_application_gateway, fastly, akamai, akamai_pairs, akamai_structured, vercel, tomcat_json, nginx_json, caddy, traefik_json, cloudflare, cloudfront_json, cloudfront_parquet, incapsula, netscaler, shoutcast, cloudfront_rtmp, cloudfront, iis, w3c, ltsv, logfmt, csv, any_json)');
CREATE TABLE batches (
        delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
        lane INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hits INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('planned', 'sending', 'in doubt', 'recorded')),
        moved TEXT,
        places TEXT,                       -- of the hits still to be sent; NULL: all
        invalid INTEGER NOT NULL DEFAULT 0,
        refused TEXT NOT NULL DEFAULT '[]',
        PRIMARY KEY (delivery, lane, number)
    ) WITHOUT ROWID
    ;
CREATE TABLE csv_outputs (path TEXT PRIMARY KEY, size INTEGER NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "csv_outputs" VALUES('csv/accounting.csv',139,'a8e38710749fdbe317da496cd18ee8e7f289ff7bf184d0d3c5612aa08168b253');
INSERT INTO "csv_outputs" VALUES('csv/browsers.csv',198,'a96d7dc22d36fdde7609253fbe85c164fad25b360bd9f7a1cfa7743b68131c42');
INSERT INTO "csv_outputs" VALUES('csv/countries.csv',128,'3b06966da2b1d67cb80eb28c74a33c647b4b2f0e419561ffb7a47e228cde8611');
INSERT INTO "csv_outputs" VALUES('csv/device_types.csv',202,'956e4143ccc43602035508e98fff2a0a8312050e37141b9db4d4b7d7f3419dee');
INSERT INTO "csv_outputs" VALUES('csv/entry_pages.csv',215,'a5ebd03a86d3f3eba28236bf7bc775dfe986fbd5fe211a24054b65f05a54634a');
INSERT INTO "csv_outputs" VALUES('csv/exit_pages.csv',174,'c50533f6e5321ffc9a4bbe4b5fe5ceba79782355d6e6bba373f384c7a4f853e6');
INSERT INTO "csv_outputs" VALUES('csv/hours.csv',2637,'20f2eca8832057e7a5398e8a66cbb93d64f89e4a526fa0997713fd6ba65bc7cf');
INSERT INTO "csv_outputs" VALUES('csv/operating_systems.csv',215,'a0425a0ee9a9bcd9ce16c6786cbc8bc329482d05fc0e5dc23bf1557f835ed4e7');
INSERT INTO "csv_outputs" VALUES('csv/pages.csv',280,'35d67d74ed2058d7873ed703f4cebdcc6e98e94097dcec77a8ce3583f4d54f18');
INSERT INTO "csv_outputs" VALUES('csv/referrer_types.csv',200,'b719aa77d395bbed5765bbd7d491098bfb786da7267c2d724c537aa5af4cb1d7');
INSERT INTO "csv_outputs" VALUES('csv/status_codes.csv',82,'64c7f437e0836e82912a9072e78773b17779f3df98f72b9eb7197b7060eda2a9');
INSERT INTO "csv_outputs" VALUES('csv/summary.csv',437,'32fc8639460a129ec0ca85dd086b373a6cffa5e3e2ad718856abe7f39ef789ee');
CREATE TABLE delivered (
        delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
        key TEXT NOT NULL,
        version TEXT NOT NULL,
        object_id TEXT NOT NULL,
        made_with TEXT NOT NULL,
        account TEXT NOT NULL,
        taken_back TEXT, text TEXT NOT NULL DEFAULT '',                   -- when an operator's word let the hits be sent again
        UNIQUE (delivery, key)
    );
INSERT INTO "delivered" VALUES(1,'docs/2026-05-01.log','437-1780000000000000000','bd0c0ae32ebd4caefc86','df1d5c0c06cf30a8','5f20b4740bfee017bd28',NULL,'7cbd75c63048de4e58cdddbff67119f8b8f41e2361a035042ea3c8a1a7c1478c');
INSERT INTO "delivered" VALUES(2,'docs/2026-05-02-copy.log','291-1780000000000000000','0c87288bb3dc907b1a66','df1d5c0c06cf30a8','4c91f2a23b14371aee42',NULL,'fe1f948f0966dc3f454b09bb111fcc89459040e117c161ef8e6d5939d737a495');
CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY,
        site TEXT NOT NULL,                -- with the day: the import step
        day TEXT NOT NULL,
        number INTEGER NOT NULL,
        server TEXT NOT NULL,
        site_id INTEGER NOT NULL,
        uid TEXT NOT NULL,
        lanes INTEGER NOT NULL,
        size INTEGER NOT NULL,
        until TEXT NOT NULL,
        hits INTEGER NOT NULL,
        unsendable INTEGER NOT NULL,
        invalid INTEGER NOT NULL DEFAULT 0,
        status TEXT NOT NULL CHECK (status IN ('open', 'done', 'given up')),
        made TEXT NOT NULL,
        ended TEXT,
        UNIQUE (site, day, number)
    );
INSERT INTO "deliveries" VALUES(1,'docs','2026-05-01',1,'127.0.0.1:18765',1,'3870e04b115aa177',1,500,'2026-11-28T08:53:46+00:00',3,0,0,'done','2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00');
INSERT INTO "deliveries" VALUES(2,'docs','2026-05-02',1,'127.0.0.1:18765',1,'1d31d133961713f2',1,500,'2026-11-28T08:53:46+00:00',2,0,0,'done','2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('lineage','9fd914c4d91544799a0f7a53cb7cbbd7');
CREATE TABLE objects (
        id INTEGER PRIMARY KEY,
        step INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
        key TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified INTEGER NOT NULL,
        object_id TEXT NOT NULL,
        content TEXT NOT NULL,
        format TEXT NOT NULL,
        accounting TEXT NOT NULL,
        archived TEXT NOT NULL DEFAULT '',
        made_with TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '', recipe INTEGER NOT NULL DEFAULT 1,
        UNIQUE (step, key)
    );
INSERT INTO "objects" VALUES(1,1,'docs/2026-05-01.log',437,'',1780000000000000000,'bd0c0ae32ebd4caefc86','7cbd75c63048de4e58cdddbff67119f8b8f41e2361a035042ea3c8a1a7c1478c','combined','{"filtered":{},"hits":3,"lines":3,"rejected":{}}','archive/docs/2026/05/01/2026-05-01.log','df1d5c0c06cf30a8','7cbd75c63048de4e58cdddbff67119f8b8f41e2361a035042ea3c8a1a7c1478c',2);
INSERT INTO "objects" VALUES(2,2,'docs/2026-05-02-copy.log',291,'',1780000000000000000,'0c87288bb3dc907b1a66','fe1f948f0966dc3f454b09bb111fcc89459040e117c161ef8e6d5939d737a495','combined','{"filtered":{},"hits":2,"lines":2,"rejected":{}}','archive/docs/2026/05/02/2026-05-02-copy.log','df1d5c0c06cf30a8','fe1f948f0966dc3f454b09bb111fcc89459040e117c161ef8e6d5939d737a495',2);
INSERT INTO "objects" VALUES(3,2,'docs/2026-05-02.log',291,'',1780000000000000000,'1bd7c948ee58cdaa175f','fe1f948f0966dc3f454b09bb111fcc89459040e117c161ef8e6d5939d737a495','combined','{"filtered":{},"hits":2,"lines":2,"rejected":{}}','archive/docs/2026/05/02/2026-05-02.log','df1d5c0c06cf30a8','fe1f948f0966dc3f454b09bb111fcc89459040e117c161ef8e6d5939d737a495',2);
INSERT INTO "objects" VALUES(4,3,'shop/2026-05-01.log',150,'',1780000000000000000,'889073af924752575adb','3c2954f514a54f911ac7a687592e3ada34af182f4b0d39f1b6a7be00e9b3f117','combined','{"filtered":{},"hits":1,"lines":1,"rejected":{}}','','d0c3c2ff88aad578','3c2954f514a54f911ac7a687592e3ada34af182f4b0d39f1b6a7be00e9b3f117',2);
INSERT INTO "objects" VALUES(5,4,'shop/2026-05-02.log',299,'',1780000000000000000,'eee9a242f9196b3582ae','90b771a3854916708bfc24bb65820cbe44ded3f9e0dd123d5d9c6184034ae8f1','combined','{"filtered":{"static":1},"hits":1,"lines":2,"rejected":{}}','','d0c3c2ff88aad578','90b771a3854916708bfc24bb65820cbe44ded3f9e0dd123d5d9c6184034ae8f1',2);
CREATE TABLE parts (
        object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE,
        site TEXT NOT NULL,
        day TEXT NOT NULL,
        file TEXT NOT NULL,
        object_id TEXT NOT NULL,
        hits INTEGER NOT NULL, digest TEXT,
        UNIQUE (object, site, day, file, object_id)
    );
INSERT INTO "parts" VALUES(1,'docs','2026-05-01','hits/site=docs/date=2026-05-01/bd0c0ae32ebd4caefc86-df1d5c0c-r2.parquet','bd0c0ae32ebd4caefc86',2,'a6c8d9d060ca7a5045e5468ecdbdec66ebb6aaaa444a0b05f12e731196b928c3');
INSERT INTO "parts" VALUES(1,'docs','2026-05-02','hits/site=docs/date=2026-05-02/bd0c0ae32ebd4caefc86-df1d5c0c-r2.parquet','bd0c0ae32ebd4caefc86',1,'a9e0df376e4d8874b3225b07777825fa207e581f653d9957b3075af80ccafb26');
INSERT INTO "parts" VALUES(2,'docs','2026-05-02','hits/site=docs/date=2026-05-02/b3f850649d26b58cb93e-df1d5c0c-r2.parquet','0c87288bb3dc907b1a66',2,'e4eb4f90d54ba197142dcbf7927788932ba956e59d2432df6bb0ee4225fb8411');
INSERT INTO "parts" VALUES(3,'docs','2026-05-02','hits/site=docs/date=2026-05-02/b3f850649d26b58cb93e-df1d5c0c-r2.parquet','1bd7c948ee58cdaa175f',2,'e4eb4f90d54ba197142dcbf7927788932ba956e59d2432df6bb0ee4225fb8411');
INSERT INTO "parts" VALUES(4,'shop','2026-05-01','hits/site=shop/date=2026-05-01/889073af924752575adb-d0c3c2ff-r2.parquet','889073af924752575adb',1,'b20cf4ec4846d06d019e7503f1ffc54101d0fa7f395b25984881e4486fc858d3');
INSERT INTO "parts" VALUES(5,'shop','2026-05-02','hits/site=shop/date=2026-05-02/eee9a242f9196b3582ae-d0c3c2ff-r2.parquet','eee9a242f9196b3582ae',1,'33c0793f5ab983a908b34586b2aedfe2d41d9efbe8c2250f290a7aa7a0174389');
CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        manifest TEXT NOT NULL,
        command TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,                        -- NULL: under way, or killed
        exit_code INTEGER,                 -- NULL with an end: found killed by a later run
        counts TEXT NOT NULL DEFAULT '{}'
    ) WITHOUT ROWID
    ;
INSERT INTO "runs" VALUES('20260601T120000Z-5777','/srv/stats/mtc.yaml','mtc apply','2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00',3,'{"blocked":2,"done":12,"empty":3,"failed":1,"not_due":0,"up_to_date":0}');
INSERT INTO "runs" VALUES('20260601T120000Z-e9f8','/srv/stats/mtc.yaml','mtc apply','2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00',3,'{"blocked":2,"done":0,"empty":0,"failed":1,"not_due":0,"up_to_date":15}');
CREATE TABLE steps (
        id INTEGER PRIMARY KEY,
        site TEXT NOT NULL,
        stage TEXT NOT NULL CHECK (stage IN ('import', 'stat', 'csv')),
        day TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('planned', 'running', 'done', 'empty', 'failed', 'blocked')),
        fingerprint TEXT NOT NULL DEFAULT '',
        settings TEXT NOT NULL DEFAULT '{}',
        inputs TEXT NOT NULL DEFAULT '{}',
        outputs TEXT NOT NULL DEFAULT '[]',
        accounting TEXT,
        figures TEXT NOT NULL DEFAULT '{}',
        notes TEXT NOT NULL DEFAULT '[]',
        error TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        finished TEXT,
        checked TEXT,
        UNIQUE (site, stage, day)
    );
INSERT INTO "steps" VALUES(1,'docs','import','2026-05-01','done','40ec245b1d4e4e4082a8ea26f25ae329','{"archive.url":"archive/{site}/{date:%Y/%m/%d}/{name}","filters.bots":"false","filters.errors":"false","filters.exclude_hosts":"[]","filters.exclude_ips":"[]","filters.exclude_newer_than":"null","filters.exclude_older_than":"null","filters.exclude_paths":"[]","filters.exclude_referrers":"[]","filters.exclude_user_agents":"[]","filters.hosts":"[]","filters.include_ips":"[]","filters.include_paths":"[]","filters.methods":"[]","filters.redirects":"false","filters.static":"false","hits.add_download_extensions":"[]","hits.anonymise_ips":"0","hits.download_extensions":"null","hits.exclude_query_parameters":"[]","hits.lowercase_paths":"false","hits.path_prefix":"\"\"","hits.query_delimiter":"\"?\"","hits.replace_paths":"[]","hits.strip_query":"false","matomo":"127.0.0.1:18765 site 1","recipe":"2","source.client":"","source.encoding":"","source.fields":"","source.format":"auto","source.shift":"","source.timezone":"","timezone":"UTC"}','{"docs/2026-05-01.log":"437-1780000000000000000"}','[]','{"filtered":{},"hits":3,"lines":3,"rejected":{}}','{"archived":1,"bytes":437,"delivered":3,"hits":3,"lines":3,"objects":1,"rejected":0}','[]','',0,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00');
INSERT INTO "steps" VALUES(2,'docs','import','2026-05-02','done','4c3fe91e16dd1da904cd4d12ed58790b','{"archive.url":"archive/{site}/{date:%Y/%m/%d}/{name}","filters.bots":"false","filters.errors":"false","filters.exclude_hosts":"[]","filters.exclude_ips":"[]","filters.exclude_newer_than":"null","filters.exclude_older_than":"null","filters.exclude_paths":"[]","filters.exclude_referrers":"[]","filters.exclude_user_agents":"[]","filters.hosts":"[]","filters.include_ips":"[]","filters.include_paths":"[]","filters.methods":"[]","filters.redirects":"false","filters.static":"false","hits.add_download_extensions":"[]","hits.anonymise_ips":"0","hits.download_extensions":"null","hits.exclude_query_parameters":"[]","hits.lowercase_paths":"false","hits.path_prefix":"\"\"","hits.query_delimiter":"\"?\"","hits.replace_paths":"[]","hits.strip_query":"false","matomo":"127.0.0.1:18765 site 1","recipe":"2","source.client":"","source.encoding":"","source.fields":"","source.format":"auto","source.shift":"","source.timezone":"","timezone":"UTC"}','{"docs/2026-05-02-copy.log":"291-1780000000000000000","docs/2026-05-02.log":"291-1780000000000000000"}','[]','{"filtered":{"duplicate":2},"hits":2,"lines":4,"rejected":{}}','{"archived":2,"bytes":582,"delivered":2,"hits":2,"lines":4,"objects":2,"rejected":0}','["docs/2026-05-02.log is a copy of docs/2026-05-02-copy.log: its 2 lines count once"]','',0,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00');
INSERT INTO "steps" VALUES(3,'shop','import','2026-05-01','done','cf4fe4bed30d57a53e2adfcc12b80071','{"archive.url":"","filters.bots":"false","filters.errors":"false","filters.exclude_hosts":"[]","filters.exclude_ips":"[]","filters.exclude_newer_than":"null","filters.exclude_older_than":"null","filters.exclude_paths":"[]","filters.exclude_referrers":"[]","filters.exclude_user_agents":"[]","filters.hosts":"[]","filters.include_ips":"[]","filters.include_paths":"[]","filters.methods":"[]","filters.redirects":"false","filters.static":"false","hits.add_download_extensions":"[]","hits.anonymise_ips":"0","hits.download_extensions":"null","hits.exclude_query_parameters":"[]","hits.lowercase_paths":"false","hits.path_prefix":"\"\"","hits.query_delimiter":"\"?\"","hits.replace_paths":"[]","hits.strip_query":"false","matomo":"","recipe":"2","source.client":"","source.encoding":"","source.fields":"","source.format":"auto","source.shift":"","source.timezone":"","timezone":"Europe/Paris"}','{"shop/2026-05-01.log":"150-1780000000000000000"}','[]','{"filtered":{},"hits":1,"lines":1,"rejected":{}}','{"archived":0,"bytes":150,"hits":1,"lines":1,"objects":1,"rejected":0}','[]','',0,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00');
INSERT INTO "steps" VALUES(4,'shop','import','2026-05-02','done','3d8665de9f2243ab181796250ea0707d','{"archive.url":"","filters.bots":"false","filters.errors":"false","filters.exclude_hosts":"[]","filters.exclude_ips":"[]","filters.exclude_newer_than":"null","filters.exclude_older_than":"null","filters.exclude_paths":"[]","filters.exclude_referrers":"[]","filters.exclude_user_agents":"[]","filters.hosts":"[]","filters.include_ips":"[]","filters.include_paths":"[]","filters.methods":"[]","filters.redirects":"false","filters.static":"false","hits.add_download_extensions":"[]","hits.anonymise_ips":"0","hits.download_extensions":"null","hits.exclude_query_parameters":"[]","hits.lowercase_paths":"false","hits.path_prefix":"\"\"","hits.query_delimiter":"\"?\"","hits.replace_paths":"[]","hits.strip_query":"false","matomo":"","recipe":"2","source.client":"","source.encoding":"","source.fields":"","source.format":"auto","source.shift":"","source.timezone":"","timezone":"Europe/Paris"}','{"shop/2026-05-02.log":"299-1780000000000000000"}','[]','{"filtered":{"static":1},"hits":1,"lines":2,"rejected":{}}','{"archived":0,"bytes":299,"hits":1,"lines":2,"objects":1,"rejected":0}','[]','',0,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00');
INSERT INTO "steps" VALUES(5,'blog','import','2026-05-01','failed','','{}','{}','[]',NULL,'{}','[]','blog/2026-05-01.log: no known format reads this file: the first line that none reads is ''no log at all''. name the format with `format:` (known: combined, common, combined_vhost, common_vhost, combined_vhost_last, combined_nginx_time, combined_apache_time, icecast, ovh, lighttpd, common_agent, common_agent_vhost, gandi, litespeed, nginx_proxy_manager, haproxy, elb, alb, s3, traefik, envoy, squid, envoy_json, kong, apisix, apisix_access, api_gateway, api_gateway_clf, api_gateway_csv, google_cloud, azure_front_door, azure_application_gateway, fastly, akamai, akamai_pairs, akamai_structured, vercel, tomcat_json, nginx_json, caddy, traefik_json, cloudflare, cloudfront_json, cloudfront_parquet, incapsula, netscaler, shoutcast, cloudfront_rtmp, cloudfront, iis, w3c, ltsv, logfmt, csv, any_json)',2,NULL,NULL);
INSERT INTO "steps" VALUES(6,'blog','import','2026-05-02','empty','098a437a6028e6a9feded586d8146bb9','{"archive.url":"","filters.bots":"false","filters.errors":"false","filters.exclude_hosts":"[]","filters.exclude_ips":"[]","filters.exclude_newer_than":"null","filters.exclude_older_than":"null","filters.exclude_paths":"[]","filters.exclude_referrers":"[]","filters.exclude_user_agents":"[]","filters.hosts":"[]","filters.include_ips":"[]","filters.include_paths":"[]","filters.methods":"[]","filters.redirects":"false","filters.static":"false","hits.add_download_extensions":"[]","hits.anonymise_ips":"0","hits.download_extensions":"null","hits.exclude_query_parameters":"[]","hits.lowercase_paths":"false","hits.path_prefix":"\"\"","hits.query_delimiter":"\"?\"","hits.replace_paths":"[]","hits.strip_query":"false","matomo":"","recipe":"2","source.client":"","source.encoding":"","source.fields":"","source.format":"auto","source.shift":"","source.timezone":"","timezone":"UTC"}','{}','[]','{"filtered":{},"hits":0,"lines":0,"rejected":{}}','{"archived":0,"bytes":0,"hits":0,"lines":0,"objects":0,"rejected":0}','[]','',0,'2026-06-01T12:00:00+00:00','2026-06-01T12:00:00+00:00');
INSERT INTO "steps" VALUES(7,'docs','stat','2026-05-01','done','e75968fae0ec6548f2bc7f441457235f','{"hits.search_parameters":"[\"q\", \"query\", \"s\", \"search\", \"searchword\", \"k\", \"keyword\", \"keywords\"]","recipe":"2","stats.countries":"","stats.from":"127.0.0.1:18765 site 1","timezone":"UTC","url":"https://docs.example.org"}','{"accounting":"7bfbf7788f6cbbd2","docs/2026-05-01.log hits/site=docs/date=2026-05-01/bd0c0ae32ebd4caefc86-df1d5c0c-r2.parquet":"2 df1d5c0c06cf30a8 2"}','[["stats/docs/2026-05-01.stat",3663,"4fced4ce02bd3dd429941158cdde6d42e0649996d303c5a4a6165f6dcd34d93e"]]','{"filtered":{},"hits":3,"lines":3,"rejected":{}}','{"actions":2,"bounces":0,"bytes":0,"downloads":0,"pageviews":2,"searches":0,"unique_visitors":1,"visits":1}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(8,'docs','stat','2026-05-02','done','5b0c4b6cc6fe9d7703c465b61d0d3860','{"hits.search_parameters":"[\"q\", \"query\", \"s\", \"search\", \"searchword\", \"k\", \"keyword\", \"keywords\"]","recipe":"2","stats.countries":"","stats.from":"127.0.0.1:18765 site 1","timezone":"UTC","url":"https://docs.example.org"}','{"accounting":"67ecd356866daeed","docs/2026-05-01.log hits/site=docs/date=2026-05-02/bd0c0ae32ebd4caefc86-df1d5c0c-r2.parquet of import:docs:2026-05-01":"1 df1d5c0c06cf30a8 2","docs/2026-05-02-copy.log hits/site=docs/date=2026-05-02/b3f850649d26b58cb93e-df1d5c0c-r2.parquet":"2 df1d5c0c06cf30a8 2"}','[["stats/docs/2026-05-02.stat",4023,"1c97cd5e68e9e256c4d2adefc3f51aca460cbe839eee7fcb78eb4050a9d40304"]]','{"filtered":{"duplicate":2},"hits":2,"lines":4,"rejected":{}}','{"actions":3,"bounces":3,"bytes":0,"downloads":0,"pageviews":3,"searches":0,"unique_visitors":3,"visits":3}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(9,'shop','stat','2026-05-01','done','90d0c5b5c6052abcd6254d47349eee4a','{"hits.search_parameters":"[\"q\", \"query\", \"s\", \"search\", \"searchword\", \"k\", \"keyword\", \"keywords\"]","recipe":"2","stats.countries":"","stats.from":"","timezone":"Europe/Paris","url":""}','{"accounting":"52a005809e1d9889","shop/2026-05-01.log hits/site=shop/date=2026-05-01/889073af924752575adb-d0c3c2ff-r2.parquet":"1 d0c3c2ff88aad578 2"}','[["stats/shop/2026-05-01.stat",3384,"4b5b42b6ea25b118a56b30c89146bf7d9e7a3411a40909be05ee2cd5ae4898e5"]]','{"filtered":{},"hits":1,"lines":1,"rejected":{}}','{"actions":1,"bounces":1,"bytes":100,"downloads":0,"pageviews":1,"searches":0,"unique_visitors":1,"visits":1}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(10,'shop','stat','2026-05-02','done','e2f581117a6fa975faef006837e6a956','{"hits.search_parameters":"[\"q\", \"query\", \"s\", \"search\", \"searchword\", \"k\", \"keyword\", \"keywords\"]","recipe":"2","stats.countries":"","stats.from":"","timezone":"Europe/Paris","url":""}','{"accounting":"12194977ec33369a","shop/2026-05-02.log hits/site=shop/date=2026-05-02/eee9a242f9196b3582ae-d0c3c2ff-r2.parquet":"1 d0c3c2ff88aad578 2"}','[["stats/shop/2026-05-02.stat",3375,"dbea7057b17bbfbe251273972bd4692b5901d081b92afb3463c649b619ce9d7e"]]','{"filtered":{"static":1},"hits":1,"lines":2,"rejected":{}}','{"actions":1,"bounces":1,"bytes":100,"downloads":0,"pageviews":1,"searches":0,"unique_visitors":1,"visits":1}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(11,'blog','stat','2026-05-01','blocked','','{}','{}','[]',NULL,'{}','[]','import:blog:2026-05-01 failed; `mtc why import:blog:2026-05-01` tells why',0,NULL,NULL);
INSERT INTO "steps" VALUES(12,'blog','stat','2026-05-02','empty','45ce45391db6ccbc55e1eb7c5fc0dba6','{"hits.search_parameters":"[\"q\", \"query\", \"s\", \"search\", \"searchword\", \"k\", \"keyword\", \"keywords\"]","recipe":"2","stats.countries":"","stats.from":"","timezone":"UTC","url":""}','{"accounting":"afa86272221abb75"}','[]','{"filtered":{},"hits":0,"lines":0,"rejected":{}}','{}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(13,'docs','csv','2026-05-01','done','75997acdbe3796db48e24b2b390af8af','{"recipe":"2"}','{"stat":"4fced4ce02bd3dd429941158cdde6d42e0649996d303c5a4a6165f6dcd34d93e"}','[]',NULL,'{"rows":35}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(14,'docs','csv','2026-05-02','done','8fbc8b9aef83d009e2a03763a6300bd8','{"recipe":"2"}','{"stat":"1c97cd5e68e9e256c4d2adefc3f51aca460cbe839eee7fcb78eb4050a9d40304"}','[]',NULL,'{"rows":40}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(15,'shop','csv','2026-05-01','done','cd959af9652e7a96201ed71de9f18f68','{"recipe":"2"}','{"stat":"4b5b42b6ea25b118a56b30c89146bf7d9e7a3411a40909be05ee2cd5ae4898e5"}','[]',NULL,'{"rows":34}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(16,'shop','csv','2026-05-02','done','3bd64555822db73abded189b85ee6f2e','{"recipe":"2"}','{"stat":"dbea7057b17bbfbe251273972bd4692b5901d081b92afb3463c649b619ce9d7e"}','[]',NULL,'{"rows":34}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
INSERT INTO "steps" VALUES(17,'blog','csv','2026-05-01','blocked','','{}','{}','[]',NULL,'{}','[]','stat:blog:2026-05-01 is blocked; import:blog:2026-05-01 failed; `mtc why import:blog:2026-05-01` tells why',0,NULL,NULL);
INSERT INTO "steps" VALUES(18,'blog','csv','2026-05-02','empty','509cfa65361f9f723e6b04048a01ab7c','{"recipe":"2"}','{"stat":""}','[]',NULL,'{}','[]','',0,'2026-06-01T12:00:00+00:00',NULL);
CREATE INDEX attempts_step ON attempts (step);
CREATE INDEX attempts_open ON attempts (run) WHERE ended IS NULL;
CREATE INDEX parts_file ON parts (file);
CREATE INDEX parts_day ON parts (site, day);
COMMIT;
