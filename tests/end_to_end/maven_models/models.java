// Builds projects by Maven's own model builder and prints what each of their repositories comes to: the file, how it was built, the
// id, the address. Each folder is a build of its own, whose projects find each other by coordinates.
//
// Every argument is a file that lists folders. Without one, each line of the input is a folder, and an empty line ends its answer.

import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.ParseException;
import org.apache.maven.cli.CLIManager;
import org.apache.maven.model.*;
import org.apache.maven.model.building.*;
import org.apache.maven.model.resolution.*;

@SuppressWarnings("deprecation")
public class models {
    static final Set<String> OUT = new LinkedHashSet<>();
    static final ModelBuilder BUILDER = new DefaultModelBuilderFactory().newInstance();

    public static void main(String[] lists) throws Exception {
        PrintStream output = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        for (String list : lists) {
            for (String folder : Files.readAllLines(Path.of(list))) {
                folder(Path.of(folder));
            }
        }
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line;
        while (lists.length == 0 && (line = lines.readLine()) != null) {
            folder(Path.of(line));
            OUT.forEach(output::println);
            output.println();
            output.flush();
            OUT.clear();
        }
        OUT.forEach(output::println);
        output.flush();
    }

    static void folder(Path folder) throws Exception {
        List<File> poms;
        try (var walk = Files.walk(folder)) {
            poms = walk.filter(path -> path.toString().matches(".*\\.(xml|pom)")).sorted().map(Path::toFile).collect(Collectors.toList());
        }
        Arguments arguments;
        try {
            arguments = new Arguments(folder.resolve(".mvn/maven.config"));
        } catch (ParseException error) {
            OUT.add(folder + "\tfailed\t\t");
            return;
        }
        StringBuilder text = new StringBuilder();
        for (File pom : poms) {
            text.append(Files.readString(pom.toPath()));
        }
        List<List<String>> sets = new ArrayList<>(List.of(List.of(), List.of("p"), List.of("q"), List.of("p", "q")));
        sets.removeIf(set -> set.stream().anyMatch(profile -> text.indexOf("<id>" + profile + "</id>") < 0));
        for (File pom : poms) {
            for (List<String> profiles : sets) {
                // Where several projects have the name of a parent, each of them in turn.
                Near near = new Near(poms);
                do {
                    build(pom, near, arguments, profiles);
                } while (near.next());
            }
        }
    }

    static void build(File pom, Near near, Arguments arguments, List<String> profiles) {
        DefaultModelBuildingRequest request = new DefaultModelBuildingRequest();
        request.setPomFile(pom).setSystemProperties(arguments.system).setUserProperties(arguments.user);
        request.setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL);
        List<String> active = new ArrayList<>(profiles);
        active.addAll(arguments.active);
        request.setActiveProfileIds(active).setInactiveProfileIds(arguments.inactive);
        request.setModelResolver(near).setBuildStartTime(new Date());
        near.pom = pom;
        try {
            ModelBuildingResult result = BUILDER.build(request);
            print(pom, "built", result.getEffectiveModel());
            print(pom, "raw", result.getRawModel());
        } catch (ModelBuildingException error) {
            OUT.add(pom + "\tfailed\t\t");
        }
    }

    static void print(File pom, String how, Model model) {
        List<Repository> all = new ArrayList<>(model.getRepositories());
        all.addAll(model.getPluginRepositories());
        DistributionManagement published = model.getDistributionManagement();
        if (published != null) {
            all.add(published.getRepository());
            all.add(published.getSnapshotRepository());
            if (published.getSite() != null) {
                print(pom, how, published.getSite().getId(), published.getSite().getUrl());
            }
        }
        for (Repository one : all) {
            if (one != null) {
                print(pom, how, one.getId(), one.getUrl());
            }
        }
    }

    static void print(File pom, String how, String id, String url) {
        if (!"central".equals(id)) {
            Stream<String> parts = Stream.of(pom, how, id, url).map(part -> String.valueOf(part).replaceAll("[\t\r\n]", " "));
            OUT.add(parts.collect(Collectors.joining("\t")));
        }
    }

    /** What Maven's command line makes of the words in a repository's maven.config (MavenCli of 3.8.7). */
    static class Arguments {
        final Properties system = new Properties();
        final Properties user = new Properties();
        final List<String> active = new ArrayList<>();
        final List<String> inactive = new ArrayList<>();

        Arguments(Path file) throws Exception {
            String text = Files.exists(file) ? Files.readString(file).trim() : "";
            CommandLine line = new CLIManager().parse(text.isEmpty() ? new String[0] : text.split("\\s+"));
            for (String property : values(line, 'D')) {
                int end = property.indexOf('=');
                String name = end <= 0 ? property : property.substring(0, end);
                user.setProperty(name.trim(), end <= 0 ? "true" : property.substring(end + 1));
            }
            for (String profile : values(line, 'P')) {
                boolean off = profile.startsWith("!") || profile.startsWith("-");
                (off ? inactive : active).add(off ? profile.substring(1) : profile);
            }
            System.getenv().forEach((name, value) -> system.setProperty("env." + name, value));
            system.putAll(System.getProperties());
            system.putAll(user);
        }

        static String[] values(CommandLine line, char option) {
            return line.hasOption(option) ? line.getOptionValues(option) : new String[0];
        }
    }

    /** Knows the projects of one build. */
    static class Near implements ModelResolver {
        private final List<File> poms;
        private int turn = 0;
        private int turns = 1;
        File pom;

        Near(List<File> poms) {
            this.poms = poms;
        }

        boolean next() {
            return ++turn < turns;
        }

        public ModelSource resolveModel(String group, String artifact, String version) throws UnresolvableModelException {
            List<File> found = new ArrayList<>();
            for (File pom : poms) {
                try {
                    String text = Files.readString(pom.toPath());
                    String own = text.replaceAll("(?s)<parent>.*</parent>", "");
                    String named = own.contains("<groupId>") ? own : text;
                    if (own.contains("<artifactId>" + artifact + "<") && named.contains("<groupId>" + group + "<")) {
                        found.add(pom);
                    }
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
            }
            if (found.isEmpty()) {
                throw new UnresolvableModelException("none", group, artifact, version);
            }
            turns = Math.max(turns, found.size());
            return new FileModelSource(found.get(turn % found.size()));
        }

        public ModelSource resolveModel(Parent parent) throws UnresolvableModelException {
            return resolveModel(parent.getGroupId(), parent.getArtifactId(), parent.getVersion());
        }

        public ModelSource resolveModel(Dependency dependency) throws UnresolvableModelException {
            return resolveModel(dependency.getGroupId(), dependency.getArtifactId(), dependency.getVersion());
        }

        public void addRepository(Repository repository) {
            print(pom, "asked", repository.getId(), repository.getUrl());
        }

        public void addRepository(Repository repository, boolean replace) {
            addRepository(repository);
        }

        public ModelResolver newCopy() {
            return this;
        }
    }
}
