//! A machine's own identity gives a token.

const ASSIGN: &str = "assign the managed identity to the virtual machine, scale set, app or Managed DevOps Pool of the agent. Where it \
    has several, set clientId to the client id of the one to use (with connectionType azureRM: in the service connection)";

super::causes! { ManagedIdentity:
    NOT_ASSIGNED {
        name: "imds-identity-not-found",
        signs: [
            ["Identity not found"], ["No MSI found for specified"],
            ["No User Assigned or Delegated Managed Identity found"],
        ],
        headline: "the machine has no such managed identity, or several and none was named",
        meaning: "No identity is assigned to it, or not the one with this client id; or several are assigned and none is named. The \
            sources answer one and the other alike. Microsoft-hosted agents have none.",
        remedy: ASSIGN,
        owner: AgentAdministrator,
        again: AfterMinutes,
    }
    SEVERAL {
        name: "imds-several-identities",
        signs: [["Multiple user assigned identities exist"]],
        headline: "the machine has several managed identities, and the request names none",
        meaning: "Where an identity of the machine's own is missing and more than one user-assigned identity is there, nothing says which \
            of them is meant.",
        remedy: "set the client id of the one to use in clientId, or in the service connection",
        owner: PipelineAuthor,
        again: No,
    }
    IMDS_BAD_REQUEST {
        name: "imds-bad-request",
        words: [["169.254.169.254", "=400"]],
        headline: "the machine's metadata service cannot read the request for a token",
        meaning: "A parameter or the header Metadata is missing or wrong; a proxy in between may have taken it away.",
        remedy: "let requests to 169.254.169.254 go past every proxy (NO_PROXY); if they do, report the error",
        elsewhere: "let requests to 169.254.169.254 go past every proxy (NO_PROXY), and have the client send the header Metadata",
        owner: ThisTask,
        again: No,
    }
    NOT_IMDS {
        name: "imds-not-azure",
        signs: [["connecting to 169.254.169.254:80", "unreachable network"]],
        headline: "something else than the metadata service of a virtual machine of Azure answered",
        meaning: "Docker Desktop or a proxy answers at its address; there is no managed identity to be had here.",
        remedy: "run the job on a virtual machine of Azure that has an identity, or let requests to 169.254.169.254 go past every \
            proxy (NO_PROXY); elsewhere use a service connection",
        owner: PipelineAuthor,
        again: No,
    }
    IMDS_NOT_READY {
        name: "imds-not-ready",
        words: [["169.254.169.254", "=404"]],
        headline: "the machine's metadata service has no token service yet",
        meaning: "The service is being updated, or an identity that was assigned a moment ago has not arrived.",
        ours: "The task has tried several times.",
        remedy: "run again in a minute; if it stays, check that an identity is assigned to the machine",
        owner: Service,
        again: AfterMinutes,
    }
    IMDS_UPDATING {
        name: "imds-updating",
        words: [["169.254.169.254", "=410"]],
        headline: "the machine's metadata service is being updated",
        meaning: "An update may take some minutes.",
        ours: "This step may last 45 seconds.",
        remedy: "run again in two minutes",
        owner: Service,
        again: AfterAWhile,
    }
    IMDS_THROTTLED {
        name: "imds-throttled",
        words: [["169.254.169.254", "=429"]],
        headline: "the machine's metadata service is throttling requests",
        meaning: "Too many programs of this machine ask for tokens at the same time.",
        remedy: "run again later, and run fewer agents on one machine, or fewer steps that sign in at the same moment",
        owner: AgentAdministrator,
        again: AfterAWhile,
    }
    IMDS_UNAVAILABLE {
        name: "imds-unavailable",
        words: [
            ["169.254.169.254", "=500"], ["169.254.169.254", "=502"], ["169.254.169.254", "=503"], ["169.254.169.254", "=504"],
        ],
        headline: "the machine's metadata service is in trouble",
        meaning: "Such trouble passes. 502 and 504 usually come from a proxy or gateway that should not be in between.",
        remedy: "run again later; let requests to 169.254.169.254 go past every proxy (NO_PROXY)",
        owner: AgentAdministrator,
        again: AfterAWhile,
    }
    IMDS_UNREACHABLE {
        name: "imds-unreachable",
        signs: [
            ["169.254.169.254", "timed out"], ["169.254.169.254", "timeout"], ["169.254.169.254", "unreachable"],
            ["169.254.169.254", "connection refused"], ["169.254.169.254", "cannot be reached"],
        ],
        headline: "the machine has no metadata service that gives tokens",
        meaning: "It is no virtual machine of Azure, or a firewall or the network of a container blocks 169.254.169.254.",
        remedy: "on a virtual machine of Azure let the job reach 169.254.169.254 (a container may need the host's network); elsewhere \
            use a service connection with workload identity federation",
        owner: PipelineAuthor,
        again: No,
    }
    APP_SERVICE {
        name: "app-service-failed",
        signs: [
            ["unexpected error occured while fetching the AAD Token"], ["unexpected error occurred while fetching the AAD Token"],
        ],
        headline: "App Service could not fetch a token for its managed identity",
        meaning: "App Service, Functions and Container Apps say this for a wrong client id and for trouble that passes alike.",
        ours: "The task has tried several times.",
        remedy: "check that the identity with this clientId is assigned to the app, and run again",
        owner: AgentAdministrator,
        again: AtOnce,
    }
    ARC_NO_CHALLENGE {
        name: "arc-no-challenge",
        hints: [["40342", "challenge"], ["Azure Arc", "challenge"]],
        headline: "the Azure Arc agent did not ask for proof",
        meaning: "It must answer 401 first and name a key file. Something else answers at its address, or it is not running.",
        remedy: "check that the service himds of Azure Arc runs on the agent's machine, and take back what sets IDENTITY_ENDPOINT or \
            IMDS_ENDPOINT to another address",
        owner: AgentAdministrator,
        again: No,
    }
    ARC_BAD_CHALLENGE {
        name: "arc-bad-challenge",
        words: [["40342", "WWW-Authenticate"], ["Azure Arc", "WWW-Authenticate"]],
        headline: "the Azure Arc agent asked for proof in a way that is not its own",
        meaning: "The header WWW-Authenticate must name a key file (Basic realm=...). No file is read for anything else.",
        remedy: "update the Azure Arc agent on the machine; if it is current, report the error with that header",
        owner: AgentAdministrator,
        again: No,
    }
    ARC_BAD_PATH {
        name: "arc-key-elsewhere",
        hints: [["azcmagent", "outside"], ["AzureConnectedMachineAgent", "outside"], ["Azure Arc", "4096"]],
        headline: "the Azure Arc agent named a key file that is not one of its own",
        meaning: "Its keys are .key files of at most 4096 bytes in /var/opt/azcmagent/tokens, or \
            %ProgramData%\\AzureConnectedMachineAgent\\Tokens. Any other file is left unread: who answers may want to steal it.",
        remedy: "find out which program answers at the address in IDENTITY_ENDPOINT, and update the Azure Arc agent",
        owner: AgentAdministrator,
        again: No,
    }
    ARC_KEY_DENIED {
        name: "arc-key-denied",
        hints: [["azcmagent", "permission denied"], ["AzureConnectedMachineAgent", "denied"]],
        headline: "the agent's account may not read the key of Azure Arc",
        meaning: "Only members of one group may: himds on Linux; on Windows administrators and 'Hybrid agent extension applications'.",
        remedy: "add the account that runs the pipeline agent to the group himds (on Windows: 'Hybrid agent extension applications'), \
            and restart the agent",
        owner: AgentAdministrator,
        again: No,
    }
    ARC_USER_ASSIGNED {
        name: "arc-user-assigned",
        hints: [["Azure Arc", "user-assigned"], ["Azure Arc", "user assigned"]],
        headline: "Azure Arc does not give tokens for this user-assigned identity",
        meaning: "Older versions of its agent have only the machine's own identity, and give it whichever is asked for.",
        remedy: "leave clientId out to use the machine's own identity, or update the Azure Arc agent",
        owner: PipelineAuthor,
        again: No,
    }
    CLOUD_SHELL_AUDIENCE {
        name: "cloud-shell-audience",
        signs: [["AudienceNotSupported"]],
        headline: "Cloud Shell gives no tokens for what was asked for",
        meaning: "It gives tokens for a list of resources, on which Azure DevOps stands only by its id.",
        remedy: "report it; a client of your own asks for 499b84ac-1321-427f-aa17-267ca6975798",
        elsewhere: "have the client ask for 499b84ac-1321-427f-aa17-267ca6975798",
        owner: ThisTask,
        again: No,
    }
    SERVICE_FABRIC_CERTIFICATE {
        name: "service-fabric-certificate",
        signs: [["identity endpoint of Service Fabric", "not trusted"]],
        headline: "the Service Fabric cluster shows another certificate than the one whose thumbprint the environment holds",
        meaning: "The cluster tells a service the thumbprint of its certificate in IDENTITY_SERVER_THUMBPRINT; nothing is sent to a \
            server that shows another.",
        remedy: "take back what sets IDENTITY_SERVER_THUMBPRINT or IDENTITY_ENDPOINT in the pipeline; if nothing does, restart the \
            agent's service, so that it learns of a renewed certificate",
        owner: AgentAdministrator,
        again: No,
    }
    SERVICE_FABRIC {
        name: "service-fabric-identity",
        signs: [["SecretHeaderNotFound"], ["ManagedIdentityNotFound"], ["ArgumentNullOrEmpty"]],
        headline: "the Service Fabric cluster gives no token",
        meaning: "The application has no identity there, or a part of the request did not arrive.",
        remedy: "give the application a managed identity in the cluster's configuration",
        owner: AgentAdministrator,
        again: No,
    }
    NO_TOKEN_FILE {
        name: "workload-identity-no-token-file",
        hints: [["AZURE_FEDERATED_TOKEN_FILE", "not set"], ["AZURE_FEDERATED_TOKEN_FILE", "missing"], ["AZURE_FEDERATED_TOKEN_FILE", "no such file"]],
        headline: "the agent's pod has no token of its service account",
        meaning: "Kubernetes was not told to give one, so the file that AZURE_FEDERATED_TOKEN_FILE names is missing.",
        remedy: "label the pod azure.workload.identity/use=true, and annotate its service account with the identity's client id",
        owner: AgentAdministrator,
        again: No,
    }
    ARC_KEY_UNUSABLE {
        name: "arc-key-unusable",
        signs: [["of Azure Arc's agent cannot be used"]],
        headline: "the key file of Azure Arc's agent cannot be used",
        meaning: "The file that the agent has named is not there, or is a link, a folder, no text or longer than a key.",
        remedy: "see that the service himds of Azure Arc runs on the agent's machine and is current, and run again",
        owner: AgentAdministrator,
        again: AtOnce,
    }
    ADDRESS_REFUSED {
        name: "managed-identity-address",
        signs: [["where no managed identity is asked for a token"]],
        headline: "the address of the machine's identity endpoint is refused",
        meaning: "A machine tells its programs by variables such as IDENTITY_ENDPOINT where to ask. Secrets go there, so this task asks \
            addresses of the machine itself and of its own network alone.",
        remedy: "take back what sets the variable that the error names: the machine sets it, nobody else should",
        owner: PipelineAuthor,
        again: No,
    }
    UNANSWERED {
        name: "managed-identity-unanswered",
        headline: "the machine's identity endpoint gives no answer",
        meaning: "Its address comes from the job's environment, and is asked directly, past every proxy. Nobody listens there, or who does \
            breaks off, takes too long or is not whom the environment announces.",
        remedy: "see that the service that gives this machine its identity runs at the address of the error, and that nothing but the \
            machine sets that address; then run again",
        owner: AgentAdministrator,
        again: AtOnce,
    }
    NOT_A_TOKEN {
        name: "managed-identity-not-a-token",
        signs: [["answered with something that is not a token"]],
        headline: "something else than a token came from the machine's identity endpoint",
        meaning: "Such endpoints answer in JSON with the field access_token. Another program answers in their place.",
        remedy: "find out which program answers at the address of the error. A proxy or a container's network may stand in for the \
            endpoint; nothing but the machine should set its address",
        owner: AgentAdministrator,
        again: No,
    }
    OTHER_IDENTITY {
        name: "managed-identity-other",
        signs: [["cannot be asked for a user-assigned identity"], ["gave a token whose client id is"]],
        headline: "the machine's identity endpoint does not give the identity that was asked for",
        meaning: "Cloud Shell and Service Fabric have one identity and know no choice. Elsewhere an endpoint may pass the choice over, and \
            answer with another identity's token, which is not used.",
        remedy: "leave clientId out to use the machine's own identity, or run the job where this identity is assigned",
        owner: PipelineAuthor,
        again: No,
    }
    REFUSED {
        name: "managed-identity-refused",
        hints: [["gave no token (HTTP"]],
        headline: "the machine's identity endpoint refuses to give a token",
        meaning: "The error shows its own words, where it has any. Mostly the identity is not assigned to the machine, or too much is asked \
            at a time.",
        remedy: "run again; if it stays, check which identity is assigned to the machine, and the step's clientId",
        owner: AgentAdministrator,
        again: AtOnce,
    }
}
