//! The way between the agent and a service.

super::causes! { Network:
    SETTINGS {
        name: "network-settings",
        signs: [
            ["the agent's network settings cannot be used"],
        ],
        headline: "the agent's network settings cannot be used",
        meaning: "The proxy's URL, the certificate authority or the client certificate that the agent was set up with cannot be read.",
        remedy: "correct the agent's proxy or certificate settings (config.sh --help lists them)",
        owner: AgentAdministrator,
        again: No,
    }
    NAME_UNKNOWN {
        name: "network-name-unknown",
        signs: [
            ["the name of", "cannot be looked up"],
        ],
        words: [
            ["dns error", "@azure"], ["failed to lookup address", "@azure"], ["Could not resolve host", "@azure"],
            ["getaddrinfo", "@azure"], ["ENOTFOUND", "@azure"], ["EAI_AGAIN", "@azure"], ["Name or service not known", "@azure"],
            ["No such host is known", "@azure"], ["Temporary failure in name resolution", "@azure"],
            ["UnknownHostException", "@azure"], ["The remote name could not be resolved", "@azure"],
            ["nodename nor servname provided", "@azure"],
        ],
        headline: "the host's name cannot be looked up (DNS)",
        meaning: "The agent's DNS server does not know the name or does not answer. Behind a proxy the agent asks the proxy, unless the \
            host is on the bypass list.",
        remedy: "check the agent's DNS server, and where all traffic goes through a proxy, the agent's proxy settings (.proxy, \
            .proxybypass)",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    UNREACHABLE {
        name: "network-unreachable",
        words: [
            ["connection refused", "@azure"], ["ECONNREFUSED", "@azure"], ["network is unreachable", "@azure"],
            ["ENETUNREACH", "@azure"], ["no route to host", "@azure"], ["EHOSTUNREACH", "@azure"], ["actively refused", "@azure"],
            ["tcp connect error", "@azure"],
        ],
        headline: "the host cannot be reached",
        meaning: "A firewall, the network or a missing proxy setting keeps the agent from connecting.",
        remedy: "let the agent reach https://dev.azure.com, https://pkgs.dev.azure.com and https://login.microsoftonline.com: check the \
            firewall and the agent's proxy settings (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    BROKEN_OFF {
        name: "network-broken-off",
        signs: [
            ["the connection to", "broke off"],
        ],
        words: [
            ["connection reset", "@azure"], ["ECONNRESET", "@azure"], ["socket hang up", "@azure"], ["unexpected EOF", "@azure"],
            ["connection closed before message completed", "@azure"], ["broken pipe", "@azure"], ["EPIPE", "@azure"],
            ["end of file before message length reached", "@azure"], ["forcibly closed", "@azure"],
        ],
        headline: "the connection broke off",
        meaning: "The host, or a firewall or proxy on the way to it, ended the connection before the answer was complete.",
        ours: "The task has tried several times.",
        remedy: "run again; if it stays, check what firewall or proxy on the way cuts connections, and the agent's proxy settings \
            (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    TIMED_OUT {
        name: "network-timed-out",
        signs: [
            ["did not answer within"],
        ],
        words: [
            ["ETIMEDOUT", "@azure"], ["timed out", "@azure"], ["operation timeout", "@azure"], ["ESOCKETTIMEDOUT", "@azure"],
            ["A connection attempt failed because the connected party did not properly respond", "@azure"],
        ],
        headline: "the host did not answer in time",
        meaning: "Packets are dropped on the way, as some firewalls do, or the service is slow.",
        ours: "The whole step ends within 45 seconds.",
        remedy: "run again; if it stays, check the firewall and the agent's proxy settings (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    PROXY_UNREACHABLE {
        name: "proxy-unreachable",
        signs: [
            ["the agent's proxy", "cannot be reached itself"],
        ],
        words: [
            ["Could not resolve proxy", "@azure"], ["tunneling socket could not be established", "ECONNREFUSED", "@azure"],
            ["failed to create underlying connection", "@azure"],
        ],
        headline: "the agent's proxy cannot be reached",
        meaning: "Nothing listens at the address that the agent was set up with, or the way to it is blocked.",
        remedy: "start the proxy, or correct the agent's proxy settings (config.sh --proxyurl)",
        owner: AgentAdministrator,
        again: AtOnce,
    }
    PROXY_WANTS_PASSWORD {
        name: "proxy-wants-password",
        words: [
            ["Proxy Authentication Required", "@azure"], ["proxy authorization required", "@azure"], ["tunnel", "407", "@azure"],
            ["proxy", "407", "@azure"],
        ],
        headline: "the proxy wants a user and a password",
        meaning: "The agent's settings hold none, or the proxy does not accept them (407).",
        remedy: "give the agent the proxy's user and password (config.sh --proxyusername, --proxypassword)",
        owner: AgentAdministrator,
        again: No,
    }
    PROXY_REFUSES {
        name: "proxy-refuses",
        signs: [
            ["the proxy refused the connection"],
        ],
        words: [
            ["tunnel error", "unsuccessful", "@azure"], ["CONNECT tunnel failed", "@azure"],
            ["Received HTTP code 403 from proxy after CONNECT", "@azure"], ["Proxy CONNECT aborted", "@azure"],
            ["tunneling socket could not be established", "@azure"],
        ],
        headline: "the proxy does not let the agent through to the host",
        meaning: "Its rules do not permit the host, or it could not reach the host itself.",
        remedy: "have the proxy permit connections to dev.azure.com, pkgs.dev.azure.com and login.microsoftonline.com at port 443",
        owner: NetworkAdministrator,
        again: No,
    }
    AUTHORITY_UNKNOWN {
        name: "certificate-authority-unknown",
        words: [
            ["UnknownIssuer", "@azure"], ["unable to get local issuer certificate", "@azure"],
            ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "@azure"], ["self-signed certificate", "@azure"],
            ["self signed certificate", "@azure"], ["SELF_SIGNED_CERT_IN_CHAIN", "@azure"],
            ["DEPTH_ZERO_SELF_SIGNED_CERT", "@azure"], ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "@azure"],
            ["unable to verify the first certificate", "@azure"], ["PKIX path building failed", "@azure"],
            ["certificate signed by unknown authority", "@azure"],
            ["terminated in a root certificate which is not trusted", "@azure"], ["PartialChain", "@azure"],
            ["UntrustedRoot", "@azure"],
        ],
        headline: "the authority that signed the host's certificate is not known to the agent",
        meaning: "A company's proxy that looks into encrypted traffic signs with an authority of its own, which every machine and \
            container must be told to trust.",
        remedy: "give the agent the authority that signs it (config.sh --sslcacert), and in a container job an image that holds it",
        owner: AgentAdministrator,
        again: No,
    }
    CERTIFICATE_DATE {
        name: "server-certificate-date",
        words: [
            ["CERT_HAS_EXPIRED", "@azure"], ["certificate has expired", "@azure"], ["certificate expired", "@azure"],
            ["certificate is not yet valid", "@azure"], ["CERT_NOT_YET_VALID", "@azure"], ["certificate not valid yet", "@azure"],
            ["certificate", "not within its validity period", "@azure"], ["invalid peer certificate: Expired", "@azure"],
            ["invalid peer certificate: NotValidYet", "@azure"],
        ],
        headline: "the host's certificate has expired or is not yet valid",
        meaning: "With a service of Microsoft, the agent's clock may be wrong, or a proxy in between signs with an old certificate.",
        remedy: "compare the agent's clock with the true time; if it is right, have the certificate of the proxy renewed",
        owner: AgentAdministrator,
        again: No,
    }
    CERTIFICATE_OF_ANOTHER_NAME {
        name: "server-certificate-other-name",
        words: [
            ["ERR_TLS_CERT_ALTNAME_INVALID", "@azure"], ["certificate not valid for name", "@azure"],
            ["NotValidForName", "@azure"], ["does not match certificate's altnames", "@azure"],
            ["no alternative certificate subject name matches", "@azure"], ["hostname mismatch", "@azure"],
        ],
        headline: "the host's certificate is made out to another name",
        meaning: "Another server answers in the place of the host: a proxy, a page that wants a sign-in, or a wrong entry of DNS.",
        remedy: "find out who answers in the place of the host: check DNS, and the agent's proxy settings (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: No,
    }
    CERTIFICATE_REFUSED {
        name: "server-certificate-refused",
        hints: [
            ["is not trusted", "certificate of"], ["invalid peer certificate", "@azure"], ["certificate verify failed", "@azure"],
            ["SSL certificate problem", "@azure"],
        ],
        headline: "the host's certificate is not trusted",
        meaning: "The certificate is no proof of the host for this machine: revoked, malformed or not meant for a server.",
        remedy: "see who signs the certificate; where it is the company's proxy, have its certificate mended or give the agent its \
            authority (config.sh --sslcacert)",
        owner: NetworkAdministrator,
        again: No,
    }
    TOO_LARGE {
        name: "answer-too-large",
        signs: [
            ["sent more than a mebibyte"],
        ],
        headline: "the answer is far longer than any of the service",
        meaning: "The services answer in some kilobytes. A proxy that answers in their place may send anything.",
        remedy: "check whether a proxy answers in place of the host",
        owner: NetworkAdministrator,
        again: No,
    }
}
