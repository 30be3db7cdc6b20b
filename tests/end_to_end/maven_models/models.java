// Builds projects by Maven's own model builder and prints what each of their repositories comes to: the file, how it was built, the
// id, the address. The arguments are folders; each is a build of its own, whose projects find each other by coordinates.

import java.io.File;
import java.nio.file.*;
import java.util.*;
import org.apache.maven.model.*;
import org.apache.maven.model.building.*;
import org.apache.maven.model.resolution.*;

public class maven_models {
    static final StringBuilder OUT = new StringBuilder();

    public static void main(String[] folders) throws Exception {
        ModelBuilder builder = new DefaultModelBuilderFactory().newInstance();
        for (String list : folders) {
            for (String folder : Files.readAllLines(Path.of(list))) {
                List<File> poms = new ArrayList<>();
                try (var walk = Files.walk(Path.of(folder))) {
                    walk.filter(path -> path.getFileName().toString().equals("pom.xml")).forEach(path -> poms.add(path.toFile()));
                }
                for (File pom : poms) {
                    build(builder, pom, poms, List.of());
                    build(builder, pom, poms, List.of("p"));
                }
            }
        }
        System.out.print(OUT);
    }

    static void build(ModelBuilder builder, File pom, List<File> poms, List<String> profiles) {
        Properties system = new Properties();
        system.putAll(System.getProperties());
        System.getenv().forEach((name, value) -> system.setProperty("env." + name, value));
        DefaultModelBuildingRequest request = new DefaultModelBuildingRequest();
        request.setPomFile(pom).setSystemProperties(system).setUserProperties(new Properties());
        request.setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL).setActiveProfileIds(profiles);
        request.setModelResolver(new Near(poms)).setBuildStartTime(new Date());
        try {
            ModelBuildingResult result = builder.build(request);
            print(pom, "built", result.getEffectiveModel());
            print(pom, "raw", result.getRawModel());
        } catch (ModelBuildingException error) {
            OUT.append(pom).append("\tfailed\t\t\n");
        }
    }

    static void print(File pom, String how, Model model) {
        List<Repository> all = new ArrayList<>(model.getRepositories());
        all.addAll(model.getPluginRepositories());
        for (Repository one : all) {
            if (!"central".equals(one.getId())) {
                OUT.append(String.join("\t", pom.toString(), how, one.getId(), one.getUrl())).append('\n');
            }
        }
    }

    /** Knows the projects of one build. */
    static class Near implements ModelResolver {
        private final List<File> poms;

        Near(List<File> poms) {
            this.poms = poms;
        }

        public ModelSource resolveModel(String group, String artifact, String version) throws UnresolvableModelException {
            for (File pom : poms) {
                try {
                    String text = Files.readString(pom.toPath()).replaceAll("(?s)<parent>.*</parent>", "");
                    if (text.contains("<artifactId>" + artifact + "<") && text.contains("<groupId>" + group + "<")) {
                        return new FileModelSource(pom);
                    }
                } catch (java.io.IOException error) {
                    throw new java.io.UncheckedIOException(error);
                }
            }
            throw new UnresolvableModelException("none", group, artifact, version);
        }

        public ModelSource resolveModel(Parent parent) throws UnresolvableModelException {
            return resolveModel(parent.getGroupId(), parent.getArtifactId(), parent.getVersion());
        }

        public ModelSource resolveModel(Dependency dependency) throws UnresolvableModelException {
            return resolveModel(dependency.getGroupId(), dependency.getArtifactId(), dependency.getVersion());
        }

        public void addRepository(Repository repository) {}

        public void addRepository(Repository repository, boolean replace) {}

        public ModelResolver newCopy() {
            return this;
        }
    }
}
